package main

import "testing"

func counted(pieces ...string) int {
	var l lineSkipper
	total := 0
	for _, piece := range pieces {
		total += l.application([]byte(piece), false)
	}
	return total + l.application(nil, true)
}

func TestNegotiationIsNotCounted(t *testing.T) {
	header := "\x13/multistream/1.0.0\n"
	for name, c := range map[string]struct {
		pieces []string
		want   int
	}{
		"nothing":                     {nil, 0},
		"a header alone":              {[]string{header}, 0},
		"a refusal":                   {[]string{header + "\x03na\n"}, 0},
		"a refusal in single bytes":   {[]string{header, "\x03", "n", "a", "\n"}, 0},
		"an acceptance":               {[]string{header + "\x05/a/b\n"}, 0},
		"data after an acceptance":    {[]string{header + "\x06/a/bc\nhello"}, 5},
		"data in the next piece":      {[]string{header + "\x06/a/bc\n", "hello", "you"}, 8},
		"a header cut in two":         {[]string{header[:7], header[7:] + "\x06/a/bc\nhello"}, 5},
		"data that is no line at all": {[]string{"\x08\x01\x12\x04abcd"}, 8},
		"data that starts like one":   {[]string{header + "\x06/a/bc\n" + "\x05/abcdef"}, 8},
		"half a line at the end":      {[]string{header + "\x06/a/bc\n" + "\x20/ab"}, 4},
		"32 random bytes":             {[]string{header + "\x06/a/bc\n", "\x12\x9a3456789abcdef0123456789abcdef!"}, 32},
	} {
		if got := counted(c.pieces...); got != c.want {
			t.Errorf("%s: %d application bytes, want %d", name, got, c.want)
		}
	}
}

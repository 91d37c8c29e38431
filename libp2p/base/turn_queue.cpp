#include "libp2p/base/turn_queue.hpp"

namespace libp2p {

Task<TurnQueue::Turn> TurnQueue::take() {
  Turn turn(*this, places_.insert(places_.end(), '\0'));
  while (turn.place_ != places_.begin()) co_await changed_.wait();
  co_return turn;
}

void TurnQueue::leave(std::list<char>::iterator place) {
  places_.erase(place);
  changed_.notify_all();
}

}  // namespace libp2p

#include "sync/in_flight.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace sluice::sync {
namespace {

class OnThreads : public InFlight {
 public:
  explicit OnThreads(size_t places) : places_(places) {}

  ~OnThreads() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void Start(size_t place, Exchange exchange) override {
    bool all_busy = false;
    {
      const std::lock_guard lock(mutex_);
      SLUICE_CHECK(on_their_way_ < places_, "more requests at once than there are places");
      all_busy = on_their_way_ == threads_.size();
      ++on_their_way_;
      waiting_.emplace_back(place, std::move(exchange));
    }
    if (all_busy) threads_.emplace_back([this] { SendOneByOne(); });
    begun_.notify_one();
  }

  std::optional<Done> Wait(std::optional<std::chrono::milliseconds> limit) override {
    std::unique_lock lock(mutex_);
    SLUICE_CHECK(on_their_way_ > 0, "an answer is waited for, and nothing is on its way");
    const auto any = [this] { return !answered_.empty(); };
    if (!limit) {
      ended_.wait(lock, any);
    } else if (!ended_.wait_for(lock, *limit, any)) {
      return std::nullopt;
    }
    Done done = std::move(answered_.front());
    answered_.pop_front();
    --on_their_way_;
    return done;
  }

 private:
  void SendOneByOne() {
    std::unique_lock lock(mutex_);
    while (true) {
      begun_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      // What was begun is sent also by one that closes: the log says that it was.
      if (waiting_.empty()) return;
      auto [place, exchange] = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      Done done{place, exchange()};
      lock.lock();
      answered_.push_back(std::move(done));
      ended_.notify_one();
    }
  }

  const size_t places_;
  std::vector<std::thread> threads_;  // of the one thread that uses this
  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable ended_;
  size_t on_their_way_ = 0;  // begun, and their answers not given yet
  std::deque<std::pair<size_t, Exchange>> waiting_;
  std::deque<Done> answered_;
  bool closing_ = false;
};

class Alone : public InFlight {
 public:
  void Start(size_t place, Exchange exchange) override {
    SLUICE_CHECK(!exchange_, "more requests at once than there are places");
    place_ = place;
    exchange_ = std::move(exchange);
  }
  std::optional<Done> Wait(std::optional<std::chrono::milliseconds>) override {
    SLUICE_CHECK(exchange_, "an answer is waited for, and nothing is on its way");
    const Exchange exchange = std::exchange(exchange_, nullptr);
    return Done{place_, exchange()};
  }

 private:
  size_t place_ = 0;
  Exchange exchange_;
};

}  // namespace

std::unique_ptr<InFlight> MakeInFlightOnThreads(size_t places) {
  return std::make_unique<OnThreads>(places);
}

std::unique_ptr<InFlight> MakeInFlightAlone() {
  return std::make_unique<Alone>();
}

}  // namespace sluice::sync

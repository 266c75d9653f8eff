// Threads that call C functions: order, bounds, cancelled calls, waits, ends.
#include "call/workers.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ferry::call {
namespace {

std::atomic<int> open_gate{0}, inside{0}, most{0}, ends{0};
std::mutex order_mutex;
std::vector<int> order;

void count_end(void*) {
  ++ends;
}

// Its frame is a number; each call of it waits as long as the gate is closed.
class Number final : public Invoker {
 public:
  void invoke(CFunction, std::byte* frame, void* result) const override {
    const int now = ++inside;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    while (open_gate == 0) std::this_thread::yield();
    int number;
    std::memcpy(&number, frame, sizeof number);
    --inside;
    if (number < 0) throw std::runtime_error("below 0");
    {
      const std::lock_guard lock(order_mutex);
      order.push_back(number);
    }
    *static_cast<int*>(result) = errno + number;
    errno = number;
  }
};

struct Call : WorkerCall {
  explicit Call(int n) : number(n) {
    static const Number invoker_of_all;
    invoker = &invoker_of_all;
    frame = reinterpret_cast<std::byte*>(&number);
    result = &value;
    error.number = 100;
  }
  int number;
  int value = 0;
};

class WorkersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    open_gate = 1;
    most = ends = 0;
    order.clear();
  }
};

TEST_F(WorkersTest, ResultsAndErrno) {
  Workers workers(2, count_end, nullptr);
  Call call(5);
  ASSERT_TRUE(workers.submit(&call));
  EXPECT_TRUE(workers.wait(&call, 60));
  EXPECT_EQ(call.value, 105);
  EXPECT_EQ(call.error.number, 5);
  EXPECT_EQ(call.end, WorkerCall::End::returned);
  EXPECT_EQ(workers.take_ended(), &call);
  EXPECT_EQ(workers.take_ended(), nullptr);
  EXPECT_EQ(ends, 1);
  workers.close();
}

TEST_F(WorkersTest, ExceptionsEndTheCallOnly) {
  Workers workers(1, count_end, nullptr);
  Call bad(-1), good(1);
  workers.submit(&bad);
  workers.submit(&good);
  EXPECT_TRUE(workers.wait(&good, 60));
  EXPECT_EQ(bad.end, WorkerCall::End::threw);
  ASSERT_NE(bad.exception, nullptr);
  EXPECT_STREQ(bad.exception->type, "std::runtime_error");
  EXPECT_STREQ(bad.exception->what, "below 0");
  delete bad.exception;
  workers.close();
}

TEST_F(WorkersTest, BoundOrderAndCancel) {
  open_gate = 0;
  Workers workers(3, count_end, nullptr);
  std::vector<std::unique_ptr<Call>> calls;
  for (int i = 0; i < 20; ++i) {
    calls.push_back(std::make_unique<Call>(i));
    workers.submit(calls.back().get());
  }
  while (inside < 3) std::this_thread::yield();
  EXPECT_EQ(workers.use().threads, 3u);
  EXPECT_EQ(workers.use().running, 3u);
  EXPECT_EQ(workers.use().queued, 17u);
  EXPECT_FALSE(workers.cancel(calls[0].get()));
  EXPECT_TRUE(workers.cancel(calls[10].get()));
  EXPECT_FALSE(workers.cancel(calls[10].get()));
  EXPECT_TRUE(calls[10]->is_over());
  EXPECT_FALSE(workers.wait(calls[19].get(), 0.01));
  EXPECT_FALSE(workers.wait_for_room(16, 0.01));
  EXPECT_TRUE(workers.wait_for_room(17, 0));
  open_gate = 1;
  EXPECT_TRUE(workers.wait(calls[19].get(), 60));
  EXPECT_TRUE(workers.wait_for_room(1, 60));
  workers.close();
  EXPECT_EQ(most, 3);
  EXPECT_EQ(ends, 19);
}

TEST_F(WorkersTest, OneThreadTakesThemInTurn) {
  Workers workers(1, count_end, nullptr);
  std::vector<std::unique_ptr<Call>> calls;
  std::vector<int> expected;
  for (int i = 0; i < 100; ++i) {
    expected.push_back(i);
    calls.push_back(std::make_unique<Call>(i));
    workers.submit(calls.back().get());
  }
  EXPECT_TRUE(workers.wait(calls.back().get(), 60));
  EXPECT_EQ(order, expected);
  workers.close();
}

TEST_F(WorkersTest, FewerThreads) {
  Workers workers(4, count_end, nullptr);
  open_gate = 0;
  Call a(1), b(2), c(3);
  for (Call* call : {&a, &b, &c}) workers.submit(call);
  while (inside < 3) std::this_thread::yield();
  workers.set_limit(1);
  open_gate = 1;
  while (workers.use().threads != 1) std::this_thread::yield();
  Call d(4);
  workers.submit(&d);
  EXPECT_TRUE(workers.wait(&d, 60));
  workers.set_limit(4);
  workers.close();
  EXPECT_EQ(workers.use().threads, 0u);
}

TEST_F(WorkersTest, CloseCancelsAndWaits) {
  open_gate = 0;
  Workers workers(1, count_end, nullptr);
  Call runs(1), waits(2);
  workers.submit(&runs);
  workers.submit(&waits);
  while (inside < 1) std::this_thread::yield();
  std::thread opener([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    open_gate = 1;
  });
  workers.close();
  opener.join();
  EXPECT_EQ(runs.stage, WorkerCall::Stage::ended);
  EXPECT_EQ(waits.stage, WorkerCall::Stage::cancelled);
}

}  // namespace
}  // namespace ferry::call

// SPDX-License-Identifier: Apache-2.0
// Exits 0 when temporaries of a co_await expression are destroyed exactly once.
//
// GCC 12.2 destroys an aggregate, or a lambda with captures, that is passed by temporary inside a
// co_await expression twice.  The probe counts constructions and destructions; they must balance.
#include <coroutine>
#include <exception>
#include <expected>
#include <string>
#include <utility>

namespace {

int g_alive = 0;

struct Counted {
  Counted() { ++g_alive; }
  Counted(const Counted&) { ++g_alive; }
  Counted(Counted&&) noexcept { ++g_alive; }
  ~Counted() { --g_alive; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
};

struct Aggregate {
  Counted counted;
  std::string text;
};

struct Task {
  struct promise_type {
    std::coroutine_handle<> waiter;
    Task get_return_object() {
      return Task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) noexcept {
        return h.promise().waiter ? h.promise().waiter : std::noop_coroutine();
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
  explicit Task(std::coroutine_handle<promise_type> h) : handle(h) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  Task(const Task&) = delete;
  ~Task() {
    if (handle) handle.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) {
    handle.promise().waiter = h;
    return handle;
  }
  void await_resume() {}
};

Task take(Aggregate a) {
  if (a.text.size() < 20) std::terminate();
  co_return;
}

template <class F>
Task call(F f) {
  f();
  co_return;
}

Task run() {
  co_await take(Aggregate{Counted{}, std::string(64, 'x')});
  Counted captured;
  std::string text(64, 'y');
  co_await call([captured, text] {
    if (text.size() != 64) std::terminate();
  });
}

}  // namespace

int main() {
  {
    Task task = run();
    task.handle.resume();
  }
  std::expected<int, int> value{0};
  return g_alive == 0 && value.has_value() ? 0 : 1;
}

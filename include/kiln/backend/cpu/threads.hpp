// Threads of the CPU backend. A kernel is split only along axes that no reduction crosses, so that results are bitwise the
// same for any number of threads.
#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kiln::cpu {

using kernel_function = void (*)(char* const*, const long*, int part, int parts);

/// A pool of workers that run one kernel's parts; part 0 runs in the calling thread.
class thread_pool {
public:
    explicit thread_pool(int n) {
        for (int k = 1; k < n; ++k) workers.emplace_back([this, k] { work(k); });
    }
    ~thread_pool() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
            ++generation;
        }
        start.notify_all();
        for (std::thread& t : workers) t.join();
    }
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;

    int size() const { return static_cast<int>(workers.size()) + 1; }
    void run(kernel_function f, char* const* a, const long* s) {
        {
            const std::lock_guard lock(mutex);
            kernel = f;
            arguments = a;
            sizes = s;
            running = static_cast<int>(workers.size());
            ++generation;
        }
        start.notify_all();
        f(a, s, 0, size());
        std::unique_lock lock(mutex);
        done.wait(lock, [this] { return running == 0; });
    }

private:
    void work(int part) {
        unsigned seen = 0;
        while (true) {
            {
                std::unique_lock lock(mutex);
                start.wait(lock, [&] { return generation != seen; });
                seen = generation;
                if (stopping) return;
            }
            kernel(arguments, sizes, part, size());
            const std::lock_guard lock(mutex);
            if (--running == 0) done.notify_one();
        }
    }

    std::mutex mutex;
    std::condition_variable start, done;
    unsigned generation = 0;
    bool stopping = false;
    int running = 0;
    kernel_function kernel = nullptr;
    char* const* arguments = nullptr;
    const long* sizes = nullptr;
    std::vector<std::thread> workers;
};

/// Which part of n units belongs to `part`: [first, last), in whole multiples of `unit`.
struct part_range {
    long first, last;
};
constexpr part_range range_of(long n, int part, int parts, long unit) {
    if (parts == 1) return {0, n};   // most calls: two divisions less
    const long blocks = (n + unit - 1) / unit, from = blocks * part / parts * unit, to = blocks * (part + 1) / parts * unit;
    return {from < n ? from : n, to < n ? to : n};
}

}  // namespace kiln::cpu

// Threads of the CPU backend. A kernel is split only along axes that no reduction crosses, so that results are bitwise the
// same for any number of threads.
#pragma once
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <kiln/core/error.hpp>

namespace kiln::cpu {

using kernel_function = void (*)(char* const*, const long*, int part, int parts);

/// A kernel of less work, in elements of a simple map, does not pay for waking other threads. To be changed before any call.
inline long least_work_for_threads = 1 << 17;
constexpr int most_threads = 1024;
inline int cores() {
    const unsigned n = std::thread::hardware_concurrency();
    return n < 1 ? 1 : n < most_threads ? static_cast<int>(n) : most_threads;
}
/// What the environment variable KILN_THREADS says, 1 where it says nothing; 0 is as many as there are cores.
inline int threads_of_environment() {
    const char* said = std::getenv("KILN_THREADS");
    if (!said || !*said) return 1;
    char* end = nullptr;
    const long n = std::strtol(said, &end, 10);
    if (*end || n < 0 || n > most_threads)
        throw value_error(std::string("KILN_THREADS is \"") + said + "\", not a number of threads (0 to " + std::to_string(most_threads) + ")");
    return n == 0 ? cores() : static_cast<int>(n);
}

/// The workers of the process. They start when a kernel first needs them, and sleep between kernels.
class thread_pool {
public:
    static thread_pool& of_process() {
        static thread_pool pool;
        return pool;
    }
    thread_pool() = default;
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

    /// Runs a kernel in so many parts, part 0 in this thread; all of it here while another thread's kernel has the workers, or
    /// where the machine starts no more threads.
    void run(kernel_function f, char* const* a, const long* s, int parts) {
        const std::unique_lock<std::mutex> mine(user, std::try_to_lock);
        if (!mine || !has_workers(parts - 1)) return f(a, s, 0, 1);
        {
            const std::lock_guard lock(mutex);
            kernel = f;
            arguments = a;
            sizes = s;
            n_parts = parts;
            running = parts - 1;
            ++generation;
        }
        start.notify_all();
        f(a, s, 0, parts);
        std::unique_lock lock(mutex);
        done.wait(lock, [this] { return running == 0; });
    }

private:
    bool has_workers(int n) {
        try {
            while (static_cast<int>(workers.size()) < n)
                workers.emplace_back([this, part = static_cast<int>(workers.size()) + 1, seen = generation]() mutable { work(part, seen); });
        } catch (const std::system_error&) {}
        return static_cast<int>(workers.size()) >= n;
    }
    void work(int part, unsigned& seen) {
        std::unique_lock lock(mutex);
        while (true) {
            start.wait(lock, [&] { return generation != seen; });
            seen = generation;
            if (stopping) return;
            if (part >= n_parts) continue;
            const auto run_part = [f = kernel, a = arguments, s = sizes, part, n = n_parts] { f(a, s, part, n); };
            lock.unlock();
            run_part();
            lock.lock();
            if (--running == 0) done.notify_one();
        }
    }

    std::mutex user;    // held by the thread whose kernel runs
    std::mutex mutex;   // of all below; `workers` is the user's
    std::condition_variable start, done;
    unsigned generation = 0;   // of kernels
    bool stopping = false;
    int running = 0, n_parts = 0;
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

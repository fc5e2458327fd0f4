// Threads of the CPU backend. A kernel is split along axes that no reduction crosses, or where one does into slices (slices.hpp), so that results
// are bitwise the same for any number of threads.
//
// POSIX threads by their own names: <thread>, <mutex> and <condition_variable> would cost each program that includes kiln as much
// of the compiler's time as a tenth of a model, and say nothing of fork().
#pragma once
#include <pthread.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include <kiln/core/error.hpp>
#include <kiln/core/message.hpp>

namespace kiln::cpu {

using kernel_function = void (*)(char* const*, const long*, int part, int parts);

/// A kernel of less work, in elements of a simple map, does not pay for waking other threads. To be changed before any call.
inline long least_work_for_threads = 1 << 17;
constexpr int most_threads = 1024;
inline int cores() {
    const long n = ::sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n < most_threads ? static_cast<int>(n) : most_threads;
}
/// What the environment variable KILN_THREADS says, 1 where it says nothing; 0 is as many as there are cores.
inline int threads_of_environment() {
    const char* said = std::getenv("KILN_THREADS");
    if (!said || !*said) return 1;
    char* end = nullptr;
    const long n = std::strtol(said, &end, 10);
    if (*end || n < 0 || n > most_threads)
        throw value_error((detail::message() << "KILN_THREADS is \"" << said << "\", not a number of threads (0 to " << most_threads << ")").text());
    return n == 0 ? cores() : static_cast<int>(n);
}

/// The workers of the process. They start when a kernel first needs them, and sleep between kernels, but not at once: who is awake has
/// the next kernel of a plan within a microsecond, who sleeps within tens of them. A child of fork() has none and starts its own.
class thread_pool {
public:
    static thread_pool& of_process() {
        static thread_pool pool;
        static const int forks = ::pthread_atfork([] { pool.before_fork(); }, [] { pool.after_fork(); }, [] { pool.in_child(); });
        static_cast<void>(forks);
        return pool;
    }
    thread_pool() = default;
    ~thread_pool() {
        {
            const locked all(mutex);
            stopping = true;
            __atomic_store_n(&generation, generation + 1, __ATOMIC_RELEASE);
        }
        ::pthread_cond_broadcast(&start);
        for (const worker* w = last; w; w = w->before) ::pthread_join(w->thread, nullptr);
        forget_workers();
    }
    thread_pool(const thread_pool&) = delete;
    thread_pool& operator=(const thread_pool&) = delete;

    /// Runs a kernel in so many parts, part 0 in this thread. False: it did not, since another thread's kernel has the workers, or the machine starts no
    /// more threads.
    bool run(kernel_function f, char* const* a, const long* s, int parts) {
        if (::pthread_mutex_trylock(&user) != 0) return false;
        const locked mine(user, locked::already);
        if (!has_workers(parts - 1)) return false;
        {
            const locked all(mutex);
            kernel = f;
            arguments = a;
            sizes = s;
            n_parts = parts;
            __atomic_store_n(&running, parts - 1, __ATOMIC_RELAXED);
            __atomic_store_n(&generation, generation + 1, __ATOMIC_RELEASE);
        }
        ::pthread_cond_broadcast(&start);
        f(a, s, 0, parts);
        for (int k = 0; k < looks && parts <= n_cores && __atomic_load_n(&running, __ATOMIC_ACQUIRE) != 0; ++k) __builtin_ia32_pause();
        const locked all(mutex);
        while (running != 0) ::pthread_cond_wait(&done, &mutex);
        return true;
    }

private:
    class locked {
    public:
        static constexpr bool already = true;
        explicit locked(pthread_mutex_t& m, bool taken = false) : held(m) {
            if (!taken) ::pthread_mutex_lock(&held);
        }
        ~locked() { ::pthread_mutex_unlock(&held); }
        locked(const locked&) = delete;
        locked& operator=(const locked&) = delete;

    private:
        pthread_mutex_t& held;
    };
    struct worker {
        thread_pool* pool;
        int part;
        unsigned seen;   // generation of the kernel that it has done
        worker* before;
        pthread_t thread;
    };

    bool has_workers(int n) {
        for (int part = last ? last->part + 1 : 1; part <= n; ++part) {
            worker* w = new worker{this, part, generation, last, {}};
            const auto work = [](void* p) -> void* {
                worker* self = static_cast<worker*>(p);
                self->pool->work(*self);
                return nullptr;
            };
            if (::pthread_create(&w->thread, nullptr, work, w) != 0) {
                delete w;
                return false;
            }
            last = w;
        }
        return true;
    }
    void work(worker& self) {
        ::pthread_mutex_lock(&mutex);
        while (true) {
            if (generation == self.seen && n_parts <= n_cores) {   // looks for a while, if there is a core for every thread
                ::pthread_mutex_unlock(&mutex);
                for (int k = 0; k < looks && __atomic_load_n(&generation, __ATOMIC_ACQUIRE) == self.seen; ++k) __builtin_ia32_pause();
                ::pthread_mutex_lock(&mutex);
            }
            while (generation == self.seen) ::pthread_cond_wait(&start, &mutex);
            self.seen = generation;
            if (stopping) break;
            if (self.part >= n_parts) continue;
            const auto run_part = [f = kernel, a = arguments, s = sizes, part = self.part, n = n_parts] { f(a, s, part, n); };
            ::pthread_mutex_unlock(&mutex);
            run_part();
            ::pthread_mutex_lock(&mutex);
            const int others = running - 1;
            __atomic_store_n(&running, others, __ATOMIC_RELEASE);
            if (others == 0) ::pthread_cond_signal(&done);
        }
        ::pthread_mutex_unlock(&mutex);
    }
    void forget_workers() {
        while (last) delete std::exchange(last, last->before);
    }
    // fork() waits for a kernel that runs, or the child would begin with locks that nobody holds.
    void before_fork() {
        ::pthread_mutex_lock(&user);
        ::pthread_mutex_lock(&mutex);
    }
    void after_fork() {
        ::pthread_mutex_unlock(&mutex);
        ::pthread_mutex_unlock(&user);
    }
    void in_child() {
        forget_workers();
        start = done = PTHREAD_COND_INITIALIZER;   // nobody of this process waits there
        after_fork();
    }

    static constexpr int looks = 4000;   // some 100 us
    const int n_cores = cores();

    pthread_mutex_t user = PTHREAD_MUTEX_INITIALIZER;    // held by the thread whose kernel runs
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;   // of all below; `last` is the user's
    pthread_cond_t start = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
    unsigned generation = 0;   // of kernels
    bool stopping = false;
    int running = 0, n_parts = 0;
    kernel_function kernel = nullptr;
    char* const* arguments = nullptr;
    const long* sizes = nullptr;
    worker* last = nullptr;   // of the workers, who know the one before them
};

/// One call for those that have nothing to do after it.
inline void run_on_threads(kernel_function f, char* const* a, const long* s, int parts) {
    if (!thread_pool::of_process().run(f, a, s, parts)) f(a, s, 0, 1);
}

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

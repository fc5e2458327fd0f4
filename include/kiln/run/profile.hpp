// Where the time of a function's calls goes, kernel by kernel. A function that is not profiled knows nothing of it.
#pragma once
#include <kiln/plan/kernel_names.hpp>
#include <kiln/run/function.hpp>
#include <kiln/run/profile_results.hpp>

namespace kiln {

/// profile p(f): calls f and measures. `p(arguments...)` is `f(arguments...)`; afterwards `std::cout << p` shows a table,
/// `p.kernels()` has the numbers, and io::write_chrome_trace("trace.json", p) writes them for chrome://tracing and Perfetto.
/// It refers to f. A kernel that runs on several threads counts with the time until the last of them is ready.
template <class F>
class profile;
template <class F>
profile(F&) -> profile<F>;

template <class P, class... D>
class profile<basic_function<P, D...>> : public profile_results {
public:
    using F = basic_function<P, D...>;

    explicit profile(F& function) : profile_results(L::result.n_calls), f(function) {
        for (int c = 0; c < L::result.n_calls; ++c) {
            kernels_[static_cast<std::size_t>(c)].name = kernel_names<L>::of_call(c);
            cost_of_call<L>(L::result.call[c], costs[c].flops, costs[c].bytes);
        }
    }

    template <class... A>
    auto operator()(A&&... a) {
        using C = call_check<typename F::in, A...>;
        if constexpr (C::silent) return failed{};
        else if constexpr (C::wrong) {
            static_assert(compile_error<word_of<C, 0>, word_of<C, 1>, word_of<C, 2>>::never);
            return failed{};
        } else {
            auto watch = [this](int c, auto kernel) {
                const auto from = clock::now();
                kernel();
                note(kernels_[static_cast<std::size_t>(c)], from, clock::now());
            };
            const auto call = [&] { return f.call_with(typename F::template watched_outputs<decltype(watch)>{watch}, static_cast<A&&>(a)...); };
            const auto from = clock::now();
            if constexpr (std::is_void_v<decltype(call())>) {
                call();
                finish(from);
            } else {
                auto results = call();
                finish(from);
                return results;
            }
        }
    }

private:
    using L = typename F::L;
    struct cost {
        size_sum flops, bytes;
    };

    void finish(clock::time_point from) {
        note(call_, from, clock::now());
        for (int c = 0; c < L::result.n_calls; ++c) {
            profile_row& row = kernels_[static_cast<std::size_t>(c)];
            if (row.calls == counted[c]) continue;   // it stands in a branch that was not taken
            counted[c] = row.calls;
            const i64 flops = costs[c].flops.of(f.names), bytes = costs[c].bytes.of(f.names);
            row.flops += flops;
            row.bytes += bytes;
            call_.flops += flops;
            call_.bytes += bytes;
        }
        arena_bytes_ = f.arena_bytes();
    }

    F& f;
    cost costs[L::result.n_calls + 1]{};
    i64 counted[L::result.n_calls + 1]{};   // runs of a kernel whose cost is added
};

/// Of a function that was refused: silent.
template <>
class profile<failed_function> : public profile_results {
public:
    explicit profile(failed_function&) : profile_results(0) {}
    template <class... A>
    failed operator()(A&&...) { return {}; }
};

}  // namespace kiln

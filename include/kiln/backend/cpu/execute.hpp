// Runs a plan: a table of calls over an arena (D15). Offsets and sizes are resolved when extents change; after that
// nothing is allocated.
#pragma once
#include <kiln/backend/cpu/opaque.hpp>
#include <kiln/plan/plan.hpp>

#include <new>
#include <utility>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace kiln::cpu {

static_assert(std::is_same_v<i64, long>, "the thread pool spells sizes as long");

template <class L, int Q>
constexpr auto words_at = [] {
    constexpr plan_kernel k = L::result.kernel[Q];
    key_words<k.n> r{};
    for (int i = 0; i < k.n; ++i) r.w[i] = L::result.words[k.at + i];
    return r;
}();
template <class L, class Arch, int Q>
struct kernel_at {
    using type = kernel<typename known_key<words_at<L, Q>>::type, Arch>;
};
/// How much a call does, in elements of a simple map.
using work_function = i64 (*)(const i64* sizes);
template <class Kernel>
i64 work_in_slices(const i64* sizes) {
    return slices_of<Kernel>(sizes) > 1 ? Kernel::work(sizes) : 0;
}
template <class Kernel>
constexpr work_function work_of() {   // null: it does not split
    if constexpr (Kernel::splits) return &Kernel::work;
    else if constexpr (Kernel::joins) return &work_in_slices<Kernel>;
    else return nullptr;
}
template <class L, class Arch, class I = std::make_integer_sequence<int, L::result.n_kernels>>
struct kernel_table;
template <class L, class Arch, int... Q>
struct kernel_table<L, Arch, std::integer_sequence<int, Q...>> {
    static constexpr kernel_function functions[sizeof...(Q) + 1]{function_of<typename kernel_at<L, Arch, Q>::type>()..., nullptr};
    static constexpr work_function work[sizeof...(Q) + 1]{work_of<typename kernel_at<L, Arch, Q>::type>()..., nullptr};
    static constexpr bool joins[sizeof...(Q) + 1]{kernel_at<L, Arch, Q>::type::joins..., false};
};

/// The tables of a plan that running it needs.
struct tables {
    const plan_call* call;
    const plan_argument* argument;
    const int* call_size;
    const size_expr* size;
    const plan_slot* slot;
    const plan_number* number;
    const kernel_function* kernel;
    const work_function* work;
    const bool* joins;   // it may have slices
    const plan_guard* guard;
    int n_calls, n_call_sizes, n_sizes, n_slots, n_numbers, vector_bytes;
};
template <class L, class Arch>
inline constexpr tables tables_of{L::result.call, L::result.argument, L::result.call_size, L::result.size, L::result.slot,
                                  L::result.number, kernel_table<L, Arch>::functions, kernel_table<L, Arch>::work, kernel_table<L, Arch>::joins, L::result.guard, L::result.n_calls,
                                  static_cast<int>(sizeof(L::result.call_size) / sizeof(int)), L::result.n_sizes,
                                  L::result.n_slots, L::result.n_numbers, vector_bytes<Arch>};

/// Memory that begins with a cache line; much of it is whole huge pages, where the system has such.
class aligned_bytes {
public:
    aligned_bytes() = default;
    explicit aligned_bytes(std::size_t n) : aligned_bytes(n, n < huge_page ? 64 : huge_page) {
#if defined(__linux__)
        if (alignment == huge_page) ::madvise(bytes, n, MADV_HUGEPAGE);   // else many systems give them to nobody; it need not succeed
#endif
    }
    aligned_bytes(std::size_t n, std::size_t at) : alignment(at), bytes(static_cast<char*>(plain() ? ::operator new(n) : ::operator new(n, std::align_val_t{at}))) {}
    aligned_bytes(aligned_bytes&& other) noexcept : alignment(other.alignment), bytes(std::exchange(other.bytes, nullptr)) {}
    aligned_bytes& operator=(aligned_bytes&& other) noexcept {
        std::swap(alignment, other.alignment);
        std::swap(bytes, other.bytes);
        return *this;
    }
    ~aligned_bytes() {
        if (plain()) ::operator delete(bytes);
        else ::operator delete(bytes, std::align_val_t{alignment});
    }
    char* get() const { return bytes; }

private:
    static constexpr std::size_t huge_page = std::size_t{2} << 20;

    bool plain() const { return alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__; }

    std::size_t alignment = 1;
    char* bytes = nullptr;
};

template <plan_argument X>
constexpr bool comes_with_call = X.where == space::leaf || X.where == space::output;
/// Such an argument, which the compiler knows early enough to leave the others in registers.
template <plan_argument X>
KILN_INLINE char* given(char* const* leaves, char* const* outputs) { return X.where == space::leaf ? leaves[X.index] : outputs[X.index]; }

/// The arena of one function, and everything that follows from the extents of a call.
class workspace {
public:
    [[gnu::cold]] void resolve(const tables& t, const i64* names) {
        auto value = [&](int size) {
            const size_expr& e = t.size[size];
            i64 r = e.number;
            for (int k = 0; k < e.n; ++k) r *= names[e.name[k]];
            return r;
        };
        if (n_threads == 0) n_threads = threads_of_environment();
        if (!settled.get()) {
            settled = aligned_bytes(static_cast<std::size_t>(t.n_call_sizes + t.n_slots) * sizeof(i64), alignof(i64));
            n_call_sizes = t.n_call_sizes;
        }
        for (int k = 0; k < t.n_call_sizes; ++k) sizes()[k] = value(t.call_size[k]);
        i64 at = 0;
        auto take = [&](i64 bytes) {
            const i64 from = at;
            at += bytes_in_arena(bytes);
            return from;
        };
        numbers_at = take(i64{8} * t.n_numbers);
        for (int k = 0; k < t.n_slots; ++k)
            offsets()[k] = take([&] {
                const plan_slot& s = t.slot[k];
                if (!s.scratch()) return value(s.count) * s.bytes;
                return scratch_bytes(s, value, t.vector_bytes) * n_threads;
            }());
        if (at > capacity) {
            arena = aligned_bytes(static_cast<std::size_t>(at));
            capacity = at;
        }
        for (int k = 0; k < t.n_numbers; ++k) write_number(arena.get() + numbers_at + 8 * k, t.number[k].type, value(t.number[k].size));
    }
    void run(const tables& t, char* const* leaves, char* const* outputs) const {
        run(t, leaves, outputs, [](int, auto kernel) { kernel(); });
    }
    /// The same, but call c of the plan is run by watch(c, kernel), which calls kernel().
    template <class Watch>
    void run(const tables& t, char* const* leaves, char* const* outputs, Watch&& watch) const {
        for (int c = 0; c < t.n_calls; ++c) {
            const plan_call& call = t.call[c];
            if (call.guard && !taken(t, call.guard, leaves, outputs)) continue;
            char* a[256];
            for (int k = 0; k < call.n_arguments; ++k) a[k] = address(t.argument[call.first_argument + k], leaves, outputs);
            watch(c, [&] { start(t, call, a); });
        }
    }
    /// The same for a plan of one call, whose arguments are found without a look at the table.
    template <class L, class Arch>
    KILN_INLINE void run_only_call(char* const* leaves, char* const* outputs) const {
        static constexpr plan_call call = L::result.call[0];
        [&]<int... I>(std::integer_sequence<int, I...>) KILN_INLINE_LAMBDA {
            char* a[call.n_arguments + 1];
            (put_alone(a[I], known_address<L::result.argument[call.first_argument + I]>(leaves, outputs)), ...);
            a[call.n_arguments] = nullptr;
            start(tables_of<L, Arch>, call, a);
        }(std::make_integer_sequence<int, call.n_arguments>{});
    }
    i64 bytes() const { return capacity; }
    /// From now on large kernels run on n threads, 0: as the environment says; `resolve` must follow, since each has scratch of its own.
    void threads(int n) { n_threads = n; }

private:
    KILN_INLINE void start(const tables& t, const plan_call& call, char* const* a) const {
        const i64* s = sizes() + call.first_size;
        kernel_function kernel = t.kernel[call.kernel];
        __asm__("" : "+r"(kernel));   // a constant would be inlined: the whole kernel into whoever calls
        if (n_threads > 1 && t.work[call.kernel] && t.work[call.kernel](s) >= least_work_for_threads) {
            if (t.joins[call.kernel]) run_and_join(kernel, a, call.n_arguments, s, n_threads);
            else run_on_threads(kernel, a, s, n_threads);
        } else kernel(a, s, 0, 1);
    }
    /// Compilers would gather several pointers in a wide register and store that, which takes longer.
    static KILN_INLINE void put_alone(char*& to, char* p) {
        to = p;
        __asm__("" : "+m"(to));
    }
    template <plan_argument X>
    KILN_INLINE char* known_address(char* const* leaves, char* const* outputs) const {
        if constexpr (comes_with_call<X>) return given<X>(leaves, outputs);
        else return address(X, leaves, outputs);
    }
    char* address(const plan_argument& x, char* const* leaves, char* const* outputs) const {
        switch (x.where) {
        case space::leaf: return leaves[x.index];
        case space::output: return outputs[x.index];
        case space::number: return arena.get() + numbers_at + 8 * x.index;
        default: return x.index < 0 ? nullptr : arena.get() + offsets()[x.index];
        }
    }
    /// The branch around comes first: where it is not taken, the inner predicate has no value.
    bool taken(const tables& t, int guard, char* const* leaves, char* const* outputs) const {
        const plan_guard& g = t.guard[guard];
        return (g.parent == 0 || taken(t, g.parent, leaves, outputs)) && (*address(g.predicate, leaves, outputs) != 0) == g.wanted;
    }
    static void write_number(char* p, dtype type, i64 v) {
        auto put = [p](auto x) { __builtin_memcpy(p, &x, sizeof x); };
        switch (type) {
        case dtype::float32: put(static_cast<float>(v)); break;
        case dtype::float64: put(static_cast<double>(v)); break;
        case dtype::int8: case dtype::uint8: case dtype::boolean: put(static_cast<std::int8_t>(v)); break;
        case dtype::int16: case dtype::uint16: put(static_cast<std::int16_t>(v)); break;
        case dtype::int32: case dtype::uint32: put(static_cast<std::int32_t>(v)); break;
        default: put(v);
        }
    }

    // of calls, and behind them where the slots begin in the arena
    i64* sizes() const { return reinterpret_cast<i64*>(settled.get()); }
    i64* offsets() const { return sizes() + n_call_sizes; }

    aligned_bytes arena, settled;
    i64 capacity = 0, numbers_at = 0;
    int n_call_sizes = 0;
    int n_threads = 0;
};

}  // namespace kiln::cpu

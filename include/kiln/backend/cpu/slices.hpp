// Sums that cross whatever threads could share. The work is cut into slices, as many for any number of threads; what each of them has summed is kept
// and joined in order, so that results are bitwise the same.
#pragma once
#include <kiln/backend/cpu/lane_widths.hpp>
#include <kiln/backend/cpu/outer_indices.hpp>

namespace kiln::cpu {

/// The least work of a slice, in elements of a simple map. To be changed before any call.
inline i64 least_work_of_slice = i64{1} << 18;

struct slices {
    static constexpr int most = 16, of_phase = 2 * most;
    static constexpr i64 bytes = 32 << 10;   // that all of them keep
    static constexpr bool have_room(i64 each) { return each > 0 && 2 * each <= bytes; }
    /// How many there are that keep so many bytes each: a power of two, as most machines have threads.
    static KILN_INLINE int of(i64 work, i64 each) {
        int n = 1;
        while (n < most && work >= 2 * n * least_work_of_slice && 2 * n * each <= bytes) n *= 2;
        return n;
    }
    alignas(64) char kept[bytes];
    int phase;   // passes that are over, of all outer indices
    bool over;   // all is done
};

/// How many arguments a kernel has, with those of the kernels within. Where threads run it, one more is behind them: what slices keep.
template <class K>
constexpr int arguments_of = [] {
    int r = K::header.slots;
    for (int k = 0; k < most_within; ++k)
        if (K::header.has_within(k)) {
            const key_within w = key_within_of(K::words, K::size, k);
            r = w.argument + unpacked(K::words[w.at]).slots;
        }
    return r;
}();

/// Sums of nodes that go to memory, or come from there, a vector of `Bytes` for each.
template <class Body, int Bytes>
struct kept_sums {
    using regs = typename Body::regs;
    char* at;
    bool taken;
    template <int... I>
    KILN_INLINE void move(std::integer_sequence<int, I...>, regs& r) {
        (move_vector(&Body::template at<I>(r).v, sizeof(Body::template at<I>(r).v)), ...);
    }
    KILN_INLINE void move_vector(void* r, std::size_t bytes) {
        if (taken) __builtin_memcpy(r, at, bytes);
        else __builtin_memcpy(at, r, bytes);
        at += Bytes;
    }
    /// The same for sums in scratch.
    template <int... I, class Place>
    KILN_INLINE void move_each(std::integer_sequence<int, I...>, const Place& p) {
        (move_vector(Body::template scratch<I>(p), sizeof(Body::template lanes<I>::v)), ...);
    }
    /// Of several sets of registers, one behind the other.
    template <int... I>
    static KILN_INLINE void join(std::integer_sequence<int, I...> sums, i64 sets, char* to, char* next) {
        for (i64 k = 0; k < sets; ++k) {
            regs a, b;
            kept_sums{to, true}.move(sums, a);
            kept_sums{next, true}.move(sums, b);
            Body::merge(sums, a, b);
            kept_sums{to, false}.move(sums, a);
            to += Bytes * static_cast<int>(sizeof...(I));
            next += Bytes * static_cast<int>(sizeof...(I));
        }
    }
};

/// Which way a kernel is called.
template <class Kernel>
KILN_INTERLEAVED void run_interleaved(char* const* a, const i64* sizes, int part, int parts) { Kernel::run(a, sizes, part, parts); }
template <class Kernel>
constexpr kernel_function function_of() {
    if constexpr (Kernel::interleaved) return &run_interleaved<Kernel>;
    else return &Kernel::run;
}

/// Runs a kernel that has slices on so many threads, its n arguments behind one another in a.
[[gnu::noinline]] inline void run_and_join(kernel_function f, char* const* a, int n, const i64* sizes, int threads) {
    slices all;
    char* b[257];
    for (int k = 0; k < n; ++k) b[k] = a[k];
    b[n] = reinterpret_cast<char*>(&all);
    all.phase = 0;
    do {
        all.over = true;
        if (!thread_pool::of_process().run(f, b, sizes, threads)) {
            if (all.phase == 0) return f(a, sizes, 0, 1);
            for (int part = 0; part < threads; ++part) f(b, sizes, part, threads);   // it cannot begin anew
        }
        f(b, sizes, threads, threads);
    } while (!all.over);
}
/// Part `part` of the n slices of an index, outer ones or rows, of one after the other; then, or as part number `parts`, what follows all of them. Slice k of
/// index o is a call as part o (n + 1) + k of -n, or in a later phase of that many times `slices::of_phase` less: it puts its sums behind the arguments. What follows is slice n, which takes those of
/// all from there and does the rest.
template <class Kernel, class K>
[[gnu::noinline]] void run_slices(char* const* a, const i64* sizes, int n, int part, int parts) {
    constexpr int end = arguments_of<K>;
    const i64 bytes = Kernel::kept_bytes(sizes);
    slices here;
    __asm__("" : "=m"(here));   // they write it, which g++ doubts
    here.phase = 0;
    char* b[end + 1];
    for (int k = 0; k < end; ++k) b[k] = a[k];
    slices& all = parts == 1 ? here : *reinterpret_cast<slices*>(a[end]);
    char* const kept = all.kept;
    kernel_function run = function_of<Kernel>();
    __asm__("" : "+r"(run));   // a constant would be inlined
    if (const i64 scratch = part < parts ? Kernel::scratch_of(sizes) : 0) b[scratch_slot<K>] += part * scratch;
    const part_range mine = part < parts ? range_of(n, part, parts, 1) : part_range{0, 0};
    do {
        const int first = all.phase / Kernel::phases * (n + 1), phase = all.phase % Kernel::phases;
        for (i64 k = mine.first; k < mine.last; ++k) {
            b[end] = kept + k * bytes;
            run(b, sizes, first + static_cast<int>(k), -n - slices::of_phase * phase);
        }
        if (parts > 1 && part < parts) return;
        for (int k = 1; k < n; ++k) Kernel::join(kept, kept + k * bytes, sizes, phase);
        b[end] = kept;
        if (phase == Kernel::phases - 1) run(b, sizes, first + n, -n);
        all.over = ++all.phase == Kernel::phases * Kernel::indices(sizes);
    } while (parts == 1 && !all.over);
}
/// How many slices of each index a call of a kernel that may have some has. Many indices are shared themselves; a few are so seldom evenly that half of a slice's work will do.
template <class Kernel>
KILN_INLINE int slices_of(const i64* sizes) {
    const i64 work = Kernel::work(sizes);
    if (work < 2 * least_work_of_slice) return 1;   // most calls
    const i64 indices = Kernel::indices(sizes);
    return indices > 0 && indices < few_indices ? slices::of(work / indices * (indices > 1 ? 2 : 1), Kernel::kept_bytes(sizes)) : 1;
}
/// The first thing that a kernel does. True: that was all, since slices have done it, or nothing is left for this part.
template <class Kernel, class K>
KILN_INLINE bool ran_in_slices([[maybe_unused]] char* const* a, [[maybe_unused]] const i64* sizes, [[maybe_unused]] int part, [[maybe_unused]] int parts) {
    if constexpr (Kernel::joins)
        if (parts > 0) {   // else this is one of them
            const int n = slices_of<Kernel>(sizes);
            if (n > 1) run_slices<Kernel, K>(a, sizes, n, part, parts);
            return n > 1 || part >= (Kernel::splits ? parts : 1);
        }
    return false;
}

}  // namespace kiln::cpu

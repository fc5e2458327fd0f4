// Copies of operands into panels: along the inner axis, so many elements side by side.
#pragma once
#include <kiln/backend/cpu/simd.hpp>

#include <utility>

namespace kiln::cpu {

template <bool High, class V, int... J>
KILN_INLINE V interleaved(V a, V b, std::integer_sequence<int, J...>) {
    constexpr int n = sizeof...(J), from = High ? n / 2 : 0;
    return __builtin_shufflevector(a, b, (from + J / 2 + (J % 2 ? n : 0))...);
}
/// n vectors of n lanes as a matrix, transposed: to interleave its upper half with its lower moves one bit of the index, row
/// and lane together.
template <class V, int N>
KILN_INLINE void transpose_in_registers(V (&v)[N]) {
    using lanes = std::make_integer_sequence<int, N>;
#pragma GCC unroll 8
    for (int bit = 1; bit < N; bit *= 2) {
        V t[N];
#pragma GCC unroll 32
        for (int i = 0; i < N / 2; ++i) {
            t[2 * i] = interleaved<false>(v[i], v[i + N / 2], lanes{});
            t[2 * i + 1] = interleaved<true>(v[i], v[i + N / 2], lanes{});
        }
#pragma GCC unroll 32
        for (int i = 0; i < N; ++i) v[i] = t[i];
    }
}

/// Element (line, k) of a matrix lies at from[line * across + k * along]. Panel q has the lines from q * width on: element
/// (line, k) at to[q * panel + k * width + line % width]. Up to a vector more may be written behind a line of a panel and is
/// written over by what comes next; so a width that is no multiple of L needs a call for each panel.
template <class T, int L>
[[gnu::noinline]] void pack(T* to, i64 width, i64 panel, const T* from, i64 lines, i64 across, i64 along, i64 n) {
    using lanes = simd<T, L, static_cast<int>(sizeof(T))>;
    if (across == 1) {
        for (i64 k = 0; k < n; ++k, to += width, from += along) {
            T* p = to;
            for (i64 line = 0; line < lines; line += width, p += panel) {
                const i64 here = lines - line < width ? lines - line : width;
                for (i64 g = 0; g < here; g += L) {
                    __builtin_prefetch(from + line + g + 8 * along);
                    store(p + g, here - g >= L ? load<lanes>(from + line + g) : load_some<lanes>(from + line + g, static_cast<int>(here - g)));
                }
            }
        }
        return;
    }
    for (i64 line = 0; line < lines; line += width, to += panel, from += width * across) {
        const i64 here = lines - line < width ? lines - line : width, last = (here - 1) / L * L;
        if constexpr (sizeof(T) >= 4 && L > 1)
            if (along == 1) {
                for (i64 k = 0; k < n; k += L)
                    for (i64 g = last; g >= 0; g -= L) {   // the lanes behind the last line are the next step's
                        const int count = static_cast<int>(n - k < L ? n - k : L);
                        raw<T, L> v[L];
#pragma GCC unroll 32
                        for (int r = 0; r < L; ++r) {
                            const T* p = from + (g + r < here ? g + r : here - 1) * across + k;
                            __builtin_prefetch(p + 256 / sizeof(T));
                            v[r] = load_some<lanes>(p, count).v;
                        }
                        transpose_in_registers(v);
                        T* q = to + k * width + g;
#pragma GCC unroll 32
                        for (int r = 0; r < L; ++r)
                            if (r < count) store(q + r * width, lanes{v[r]});
                    }
                continue;
            }
        for (i64 k = 0; k < n; ++k)
            for (i64 r = 0; r < here; ++r) to[k * width + r] = from[r * across + k * along];
    }
}

}  // namespace kiln::cpu

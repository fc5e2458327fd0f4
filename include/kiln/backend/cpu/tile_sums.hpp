// The innermost loops of a contraction: a tile of sums over the inner axis, in registers. They know nothing of the key, so
// that all contractions of one dtype share them; what is done with the sums is contraction.hpp's business.
#pragma once
#include <kiln/backend/cpu/pack.hpp>

namespace kiln::cpu {

/// n in as few pieces of at most `most` as possible, evenly: so many of `high`, the others one less.
struct even_pieces {
    i64 n, pieces, high, n_high;
    constexpr even_pieces(i64 all, i64 most)
        : n(all), pieces((all + most - 1) / most), high(pieces ? (all + pieces - 1) / pieces : 0), n_high(all - pieces * (high - 1)) {}
};
/// f(how long, where) for each piece, from `at` on; how long is a constant.
template <even_pieces E, class F>
KILN_INLINE void each_piece(i64 at, F f) {
    i64 k = 0;
    if constexpr (E.n > 0)
        for (; k < E.n_high; ++k, at += E.high) f(std::integral_constant<int, static_cast<int>(E.high)>{}, at);
    if constexpr (E.n_high < E.pieces && E.high > 1)
        for (; k < E.pieces; ++k, at += E.high - 1) f(std::integral_constant<int, static_cast<int>(E.high - 1)>{}, at);
}

/// Rows of the left operand and columns of the right one, `inner` steps; sums go to c, or are added to what waits there.
template <class T>
struct tile_operands {
    const T *a, *b;
    i64 a_row, a_inner, b_inner, inner;
    T* c;
    i64 c_row;
    bool more;   // c has sums of earlier steps
    int count;   // lanes of the last vector of columns
    i64 runs = 1, a_run = 0, b_run = 0;   // so often `inner` steps, and how far apart these begin
    i64 tiles = 1, b_tile = 0;            // so many tiles side by side, and how far apart their columns begin
    T* kept = nullptr;                    // a panel for what is read of b
    bool beyond_caches = false;           // the results of all of them
    const T* first = nullptr;             // a row with which all sums begin, where loops are a part of the kernel
};

template <class T, int L>
using tile_lanes = simd<T, L, static_cast<int>(sizeof(T))>;

template <class T, int L>
KILN_INLINE raw<T, L> multiply_add(raw<T, L> a, raw<T, L> b, raw<T, L> c) {
    using lanes = tile_lanes<T, L>;
    if constexpr (std::is_floating_point_v<T>) return fma(lanes{a}, lanes{b}, lanes{c}).v;
    else return (lanes{a} * lanes{b} + lanes{c}).v;
}
template <class T, int L, bool Some>
KILN_INLINE raw<T, L> load_lanes(const T* p, int count) {
    if constexpr (Some) return load_some<tile_lanes<T, L>>(p, count).v;
    else return load<tile_lanes<T, L>>(p).v;
}

/// Elements of the left operand, one of each row of a tile. For high tiles: four multiples of the distance from row to row, three
/// addresses (above 14 rows one more for each six), and what an instruction adds by itself. g++ would keep every multiple in a register or, for there are not so many, in
/// memory, and instructions would be the bound (AVX-512, 13 and 14 rows: 10 to 16 % of the time). Known: the distance is a constant.
template <class T, int Rows, bool Known>
struct left_column {
    static constexpr bool high = Rows > 6 && !Known;
    static_assert(!high || Rows <= 28);
    i64 one, two, three, five;   // bytes
    const char *first{}, *sixth{}, *ninth{}, *after[3]{};   // after 14 rows, 20, 26
    explicit KILN_INLINE left_column(i64 a_row) : one(a_row * static_cast<i64>(sizeof(T))), two(2 * one), three(3 * one), five(5 * one) {}
    KILN_INLINE void move_to(const T* a) {
        first = reinterpret_cast<const char*>(a);
        if constexpr (high) {
            __asm__("" : "+r"(one), "+r"(two), "+r"(three), "+r"(five));   // what follows from the others nobody knows now
            sixth = first + five;
            __asm__("" : "+r"(sixth));
        }
        if constexpr (high && Rows > 8) {
            ninth = first + 8 * one;
            __asm__("" : "+r"(ninth));
        }
        if constexpr (high)
#pragma GCC unroll 3
            for (int k = 0; 14 + 6 * k < Rows; ++k) {
                after[k] = (k == 0 ? ninth : after[k - 1]) + 2 * three;
                __asm__("" : "+r"(after[k]));
            }
    }
    KILN_INLINE const T& operator[](int r) const {
        if constexpr (!high) return *reinterpret_cast<const T*>(first + r * one);
        const char* const base = r < 5 ? first : r < 8 ? sixth : r < 14 ? ninth : after[(r - 14) / 6];
        const int d = r < 5 ? r : r < 8 ? r - 5 : r < 14 ? r - 8 : (r - 14) % 6;
        return *reinterpret_cast<const T*>(base + (d == 0 ? 0 : d == 1 ? one : d == 2 ? two : d == 3 ? three : d == 4 ? 4 * one : five));
    }
};
template <class T, int L, int MR, int NV, bool Tail, bool Keeps, bool Known>
KILN_INLINE void one_step(raw<T, L> (&c)[MR][NV], const left_column<T, MR, Known>& a, const T* b, int count, [[maybe_unused]] T* kept) {
    raw<T, L> x[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
        if (Tail && v == NV - 1) x[v] = load_lanes<T, L, true>(b + v * L, count);
        else x[v] = load_lanes<T, L, false>(b + v * L, L);
        if constexpr (MR > 1) x[v] = tile_lanes<T, L>::settled(x[v]).v;   // g++ would load it again for each row
        if constexpr (Keeps) store(kept + v * L, tile_lanes<T, L>{x[v]});
    }
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r) {
        const raw<T, L> y = tile_lanes<T, L>::splat(a[r]).v;
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) c[r][v] = multiply_add<T, L>(y, x[v], c[r][v]);
    }
}
template <class V, int U, int R, int C>
KILN_INLINE void clear(V (&sums)[U][R][C]) {
#pragma GCC unroll 4
    for (int u = 0; u < U; ++u)
#pragma GCC unroll 32
        for (int r = 0; r < R; ++r)
#pragma GCC unroll 16
            for (int c = 0; c < C; ++c) sums[u][r][c] = V{};
}
/// What becomes of the sums of a tile, if nothing else: they lie in memory.
struct stored_sums {
    template <bool Some, class T, class V>
    KILN_INLINE void operator()(std::bool_constant<Some>, int, int, T* at, int count, V sum) const {
        if constexpr (Some) store_some(sum, at, count);
        else store(at, sum);
    }
};
/// MR rows by NV vectors, whose columns begin at b_first and whose sums go to c. Once: there is one run, and sums may begin with a row. Keeps: what is read of b goes to o.kept too.
/// then(is it cut, row, vector, where the sums go, the sums)
template <class T, int L, int MR, int NV, bool Tail, bool Once = false, bool Keeps = false, class Then = stored_sums>
KILN_INLINE void tile_sums(const tile_operands<T>& o, const T* b_first, T* c, const Then& then = {}) {
    constexpr int chains = MR * NV >= 8 || (NV > 1 && MR * NV >= 6) ? 1 : MR * NV >= 3 ? 2 : 4;   // few accumulators: several sums along the inner axis
    using lanes = tile_lanes<T, L>;
    // The right operand's rows may lie where the caches do not expect them: a line each, pages apart (AVX-512, 384 x 384 x 384: 1.05 ms, 0.85 if
    // they are asked for 8 rows before; 16 x 2048 x 1024: 3.5 ms, 1.5). Narrower vectors read them from panels, a few rows wait for memory, and where a
    // single vector meets a row loads are the bound (64 x 10 x 128: 2.00 us, 1.86).
    constexpr bool fetches_ahead = Keeps || (!Once && MR > 4 && NV > 1 && L * sizeof(T) == 64);
    raw<T, L> part[chains][MR][NV];
    clear(part);
    if (Once && o.first)
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) {
            const raw<T, L> x = Tail && v == NV - 1 ? load_lanes<T, L, Tail>(o.first + v * L, o.count) : load_lanes<T, L, false>(o.first + v * L, L);
#pragma GCC unroll 32
            for (int r = 0; r < MR; ++r) part[0][r][v] = x;
        }
    const i64 c_row = o.c_row;
    const bool more = o.more;
    if (more) {
#pragma GCC unroll 32
        for (int r = 0; r < MR; ++r) {
            __builtin_prefetch(c + r * c_row, 1);
            if constexpr (NV * L * sizeof(T) > 64) __builtin_prefetch(c + r * c_row + (NV - 1) * L, 1);
        }
    }
    left_column<T, MR, Once> column(o.a_row);
    const i64 a_inner = o.a_inner, b_inner = o.b_inner, inner = o.inner;
    const int count = o.count;
    [[maybe_unused]] const i64 ahead = Keeps ? NV * L : inner * o.runs >= 96 ? 8 * b_inner : 0;   // fewer of them lie in L1 after the first tile
    [[maybe_unused]] T* kept = o.kept;
    const auto step = [&](raw<T, L> (&sums)[MR][NV], const T*& a, const T*& b) KILN_INLINE_LAMBDA {
        if constexpr (fetches_ahead)
#pragma GCC unroll 8
            for (int v = 0; v < NV; ++v) __builtin_prefetch(b + ahead + v * L);
        column.move_to(a);
        one_step<T, L, MR, NV, Tail, Keeps>(sums, column, b, count, kept);
        if constexpr (Keeps) kept += NV * L;
        a += a_inner;
        b += b_inner;
    };
    for (i64 run = 0; run < (Once ? 1 : o.runs); ++run) {
        const T *a = o.a + run * o.a_run, *b = b_first + run * o.b_run;
        i64 k = 0;
        for (; k + chains <= inner; k += chains) {
#pragma GCC unroll 4
            for (int u = 0; u < chains; ++u) step(part[u], a, b);
        }
        if constexpr (chains > 1)
            for (; k < inner; ++k) step(part[0], a, b);
    }
    if constexpr (chains > 1) {
#pragma GCC unroll 2
        for (int half = chains / 2; half > 0; half /= 2)
#pragma GCC unroll 32
            for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
                for (int v = 0; v < NV; ++v)
#pragma GCC unroll 2
                    for (int u = 0; u < half; ++u) part[u][r][v] = (lanes{part[u][r][v]} + lanes{part[u + half][r][v]}).v;
    }
    T* line = c;
#pragma GCC unroll 32
    for (int r = 0; r < MR; ++r, line += c_row)
#pragma GCC unroll 8
        for (int v = 0; v < NV; ++v) {
            const bool some = Tail && v == NV - 1;
            lanes sum{part[0][r][v]};
            if (more) sum = lanes{some ? load_lanes<T, L, Tail>(line + v * L, count) : load_lanes<T, L, false>(line + v * L, L)} + sum;
            if (some) then(std::bool_constant<Tail>{}, r, v, line + v * L, count, sum);
            else then(std::false_type{}, r, v, line + v * L, L, sum);
        }
}

/// The sums of a tile as a function of its own, which kernels share.
template <class T, int L, int MR, int NV, bool Tail>
[[gnu::noinline]] void shared_tile_sums(const tile_operands<T>& o) { tile_sums<T, L, MR, NV, Tail>(o, o.b, o.c); }
/// The same, which leaves its columns of the right operand in a panel for the tiles below.
template <class T, int L, int MR, int NV>
[[gnu::noinline]] void keeping_tile_sums(const tile_operands<T>& o) { tile_sums<T, L, MR, NV, false, false, true>(o, o.b, o.c); }
/// The same of several tiles side by side: with few steps the calls would cost as much. So would waiting for lines of results that no cache holds,
/// which are asked for a tile before (AVX-512, 1000 x 1000 x 10: 352 us, 254; AVX2 gains nothing).
template <class T, int L, int MR, int NV>
[[gnu::noinline]] void shared_sums_of_tiles(const tile_operands<T>& o) {
    const T* b = o.b;
    T* c = o.c;
    for (i64 k = 0; k < o.tiles; ++k, b += o.b_tile, c += NV * L) {
        if (L * sizeof(T) == 64 && o.beyond_caches) {
            T* next = c + NV * L;
            for (int r = 0; r < MR; ++r, next += o.c_row)
#pragma GCC unroll 8
                for (int v = 0; v < NV; ++v) __builtin_prefetch(next + v * L, 1);
        }
        tile_sums<T, L, MR, NV, false>(o, b, c);
    }
}

}  // namespace kiln::cpu

// The key of a kernel: a canonical group as a list of integers. A header, one word per axis (0: comes at run time), the
// identities of the operations that occur, one word per node, constants behind. No names, no offsets: equal groups are one
// kernel.
#pragma once
#include <kiln/ops/windows.hpp>
#include <kiln/passes/fuse.hpp>

namespace kiln {

/// What a node of a body is.
/// `widen` is a value with fewer axes as one of more: what a reduction sums of it.
enum class step : int { load, store, constant, counter, tile, operation, reduce, widen };

struct key_node {
    step kind;
    dtype type;          // of the value; of a load and a store also in memory
    int op;              // index among the operations of the key
    int in[3];           // nodes of the body before this one
    int mask;            // bit k: varies along axis k of the key
    int slot;            // load, store: the argument; constant: which one; counter: the axis; operation: so many nodes before, if any, is what gives this value a column later
    bool strided;        // load: strides come with the call
    bool section = false;   // load: read elsewhere; strides, shifts and extents come with the call, `op` says along which axes there may be nothing
    bool scattered = false; // load: strides come with the call, and elements of a row lie apart, or are values of rows
};

// ---- header word: kind 2 | slots 8 | axes 4 | outer 4 | operations 8 | constants 8 | lane bytes 4 | flags
struct key_header {
    group_kind kind;
    int slots, axes, outer, ops, constants, lane_bytes;
    bool has_rows;       // the last axis but one is the row axis
    int left, right;     // contraction: how its operands lie
    bool windows = false;   // the left one is an image, seen through windows: the last constants say how
    bool computes[2]{};     // the left, the right one is what a map computes, whose key is among the last constants
    bool large = false;     // a map of one axis whose results may be more than `beyond_caches`
    bool slices = false;    // sums that cross what threads could share may be much work
    bool pools = false;     // what it stores is looked through for its largest at once, and lies nowhere: as a key among the last constants
    constexpr bool has_within(int which) const { return which < 2 ? computes[which] : pools; }
    constexpr bool has_within() const { return computes[0] || computes[1] || pools; }
};
/// Bytes that no cache holds: what machines say of their last cache is often that of all their cores.
inline constexpr i64 beyond_caches = 32 << 20;
/// Multiply-adds, or elements, of what is not worth more than one slice.
inline constexpr i64 surely_one_slice = 1 << 17;
/// Outer indices, or rows, of which threads may have rather a part each than a share of them, are less than so many.
inline constexpr i64 few_indices = 16;
/// A result so small that slices of the inner axis may keep sums of all of it each.
inline constexpr i64 most_bytes_of_few_sums = 16 << 10;
/// An operand of a contraction: rows of it are contiguous, its columns are, or neither.
enum operand_layout : int { by_rows = 0, by_columns = 1, by_strides = 2 };
constexpr u64 packed(const key_header& h) {
    return static_cast<u64>(h.kind) | static_cast<u64>(h.slots) << 2 | static_cast<u64>(h.axes) << 10 |
           static_cast<u64>(h.outer) << 14 | static_cast<u64>(h.ops) << 18 | static_cast<u64>(h.constants) << 26 |
           static_cast<u64>(h.lane_bytes) << 34 | static_cast<u64>(h.has_rows) << 38 |
           static_cast<u64>(h.left) << 39 | static_cast<u64>(h.right) << 41 | static_cast<u64>(h.windows) << 43 |
           static_cast<u64>(h.computes[0]) << 44 | static_cast<u64>(h.computes[1]) << 45 | static_cast<u64>(h.large) << 46 |
           static_cast<u64>(h.pools) << 47 | static_cast<u64>(h.slices) << 48;
}
constexpr key_header unpacked(u64 w) {
    auto f = [w](int at, int bits) { return static_cast<int>(w >> at & ((u64{1} << bits) - 1)); };
    return {static_cast<group_kind>(f(0, 2)), f(2, 8), f(10, 4), f(14, 4), f(18, 8), f(26, 8), f(34, 4),
            f(38, 1) != 0, f(39, 2), f(41, 2), f(43, 1) != 0, {f(44, 1) != 0, f(45, 1) != 0}, f(46, 1) != 0, f(48, 1) != 0, f(47, 1) != 0};
}
// ---- node word: kind 3 | dtype 4 | op 8 | three operands 10 each | mask 8 | slot 8 | strided 1 | section 1 | scattered 1
constexpr u64 packed(const key_node& n) {
    return static_cast<u64>(n.kind) | static_cast<u64>(n.type) << 3 | static_cast<u64>(n.op) << 7 |
           static_cast<u64>(n.in[0]) << 15 | static_cast<u64>(n.in[1]) << 25 | static_cast<u64>(n.in[2]) << 35 |
           static_cast<u64>(n.mask) << 45 | static_cast<u64>(n.slot) << 53 | static_cast<u64>(n.strided) << 61 |
           static_cast<u64>(n.section) << 62 | static_cast<u64>(n.scattered) << 63;
}
constexpr key_node unpacked_node(u64 w) {
    return {static_cast<step>(w & 7), static_cast<dtype>(w >> 3 & 15), static_cast<int>(w >> 7 & 255),
            {static_cast<int>(w >> 15 & 1023), static_cast<int>(w >> 25 & 1023), static_cast<int>(w >> 35 & 1023)},
            static_cast<int>(w >> 45 & 255), static_cast<int>(w >> 53 & 255), (w >> 61 & 1) != 0, (w >> 62 & 1) != 0, w >> 63 != 0};
}

/// A key while it is written, or as it is read by passes: [header, axes..., inner extent of a contraction, ops..., nodes...,
/// constants...].
struct key_view {
    const u64* w;
    int n;

    constexpr key_header header() const { return unpacked(w[0]); }
    constexpr i64 extent(int k) const { return static_cast<i64>(w[1 + k]); }
    constexpr int first_op() const { return 1 + header().axes + (header().kind == group_kind::contraction); }
    constexpr u64 op(int k) const { return w[first_op() + k]; }
    constexpr int first_node() const { return first_op() + header().ops; }
    constexpr int n_nodes() const { return n - first_node() - header().constants; }
    constexpr key_node node(int k) const { return unpacked_node(w[first_node() + k]); }
    constexpr u64 constant(int k) const { return w[n - header().constants + k]; }
};

/// What computes an operand of a contraction (0: its left one, 1: its right one), or looks through its result (2): a key within its key, sizes and
/// arguments behind its own. The last words of a key that has such tell of each how many words they are and where their sizes begin.
inline constexpr int most_within = 3, words_of_within = 2 * most_within;
struct key_within {
    int at, n, size, argument;
    constexpr key_view in(const u64* w) const { return {w + at, n}; }
};
constexpr key_within key_within_of(const u64* w, int n, int which) {
    const u64* const tail = w + n - words_of_within;
    key_within r{n - words_of_within, 0, 0, unpacked(w[0]).slots};
    for (int k = 0; k < most_within; ++k) r.at -= static_cast<int>(tail[2 * k]);
    for (int k = 0;; ++k) {
        r.n = static_cast<int>(tail[2 * k]);
        r.size = static_cast<int>(tail[2 * k + 1]);
        if (k == which) return r;
        if (r.n > 0) r.argument += unpacked(w[r.at]).slots;
        r.at += r.n;
    }
}
/// Where the geometry of its windows begins among the words of a key that has such.
constexpr int first_of_geometry(const u64* w, int n) {
    return (unpacked(w[0]).has_within() ? key_within_of(w, n, 0).at : n) - window_geometry::length(max_window_axes);
}

/// The windows of the pool within a key, which looks through the result or whose slopes are the right operand, in three axes; without axes there is none.
constexpr window_geometry pool_within(const key_view& k) {
    const key_header h = k.header();
    if (!h.pools && !(h.windows && h.computes[1])) return {};
    const key_view pool = key_within_of(k.w, k.n, h.pools ? 2 : 1).in(k.w);
    return window_geometry::from([&](int q) { return static_cast<i64>(pool.constant(q)); }).in_three_axes();
}

/// The words of a key as a value.
template <int N>
struct key_words {
    u64 w[N];
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
template <u64 Lo, u64 Hi>
struct key_slot {
    friend constexpr auto words_of(key_slot);
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
template <u64 Lo, u64 Hi, auto W>
struct define_key {
    friend constexpr auto words_of(key_slot<Lo, Hi>) { return W; }
};

/// A key as a type, named by its digest as expressions are: a pack of its words would make symbols of a thousand characters.
template <u64 Lo, u64 Hi>
struct key {
    static constexpr auto value = words_of(key_slot<Lo, Hi>{});
    static constexpr auto& words = value.w;
    static constexpr int size = static_cast<int>(sizeof(value.w) / sizeof(u64));
    static constexpr key_header header = unpacked(words[0]);
    static constexpr int first_op = 1 + header.axes + (header.kind == group_kind::contraction);
    static constexpr int first_node = first_op + header.ops;
    static constexpr int n = size - first_node - header.constants;
    static constexpr i64 extent(int k) { return static_cast<i64>(words[1 + k]); }
    static constexpr i64 inner = header.kind == group_kind::contraction ? static_cast<i64>(words[1 + header.axes]) : 0;
    static constexpr u64 op(int k) { return words[first_op + k]; }
    static constexpr u64 constant(int k) { return words[size - header.constants + k]; }
    static constexpr key_node node(int k) { return unpacked_node(words[first_node + k]); }
};
template <auto W>
struct known_key {
    static constexpr digest d = [] {
        constexpr int n = static_cast<int>(sizeof(W.w) / sizeof(u64));
        digest r{static_cast<u64>(n), 0x517cc1b727220a95ull};
        for (int k = 0; k < n; ++k) {
            r.lo = mix(r.lo, W.w[k]);
            r.hi = mix(r.hi + 0x517cc1b727220a95ull, W.w[k] * 0xff51afd7ed558ccdull);
        }
        return r;
    }();
    using type = std::enable_if_t<sizeof(define_key<d.lo, d.hi, W>) != 0, key<d.lo, d.hi>>;
};

}  // namespace kiln

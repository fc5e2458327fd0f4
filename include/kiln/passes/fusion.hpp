// What fusion says: groups of nodes, how they read, what each node is to them; and the operations that lowering adds.
#pragma once
#include <kiln/passes/sections.hpp>

namespace kiln {

/// copy(x) = x: what stores a symbol, a view or a constant that is a result. Attribute: a serial number, since two results
/// are two places.
struct copy_op {
    static constexpr auto name = "copy";
    static constexpr int arity = 1;
    static constexpr bool spreads_nan = true;
    static constexpr pattern kind = pattern::pointwise;
    static constexpr auto linear = jointly;
    static constexpr type infer(site n) { return {n.shape(0), n.element(0)}; }
    static constexpr value transpose(int, value ct, site) { return ct; }
    KILN_HD static constexpr auto compute(auto x) { return x; }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = in[0][i];
    }
};

/// enter(x, predicate): x inside of a branch that runs only where the predicate has a value (attribute). The same memory;
/// what depends on it belongs to the branch.
struct enter_op {
    static constexpr auto name = "enter";
    static constexpr pattern kind = pattern::reshape;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr type infer(site n) { return {n.shape(0), n.element(0)}; }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = in[0][i];
    }
};
/// merge(predicate, x, y): the end of two branches, of which one has run.
struct merge_op {
    static constexpr auto name = "merge";
    static constexpr pattern kind = pattern::opaque;
    static constexpr auto no_derivative = "belongs to lowering";
    static constexpr type infer(site n) { return {n.shape(1), n.element(1)}; }
    static constexpr void reference(site n, const cell* const* in, cell* const* out) {
        for (i64 i = 0, m = elements(*n.b, n.n().shape); i < m; ++i) out[0][i] = in[in[0][0].i ? 1 : 2][i];
    }
};

/// A branch: its predicate, the value that it wants, the branch around it.
struct branch {
    int predicate, wanted, parent;
    constexpr bool operator==(const branch&) const = default;
};

/// How a stored value is read in a nest: operand axis k follows domain axis `axis[k]`.
struct access {
    int node;        // what is read, behind all views
    int n;           // its rank
    signed char axis[8];
    int placed = placements::none;   // and at which shifts

    constexpr int mask() const {
        int m = 0;
        for (int k = 0; k < n; ++k) m |= 1 << axis[k];
        return m;
    }
    constexpr bool in_order() const {
        for (int k = 1; k < n; ++k)
            if (axis[k] < axis[k - 1]) return false;
        return true;
    }
    /// Bit k: the domain axes k - 1 and k cannot be one loop for this operand.
    constexpr int cuts(int rank) const {
        int r = 0;
        for (int a = 1; a < rank; ++a) {
            int low = -1, high = -1;
            for (int k = 0; k < n; ++k) {
                if (axis[k] == a - 1) low = k;
                if (axis[k] == a) high = k;
            }
            if ((low < 0) != (high < 0) || (low >= 0 && high != low + 1)) r |= 1 << a;
        }
        return r;
    }
};
constexpr int cuts_of(int mask, int rank) { return (mask ^ (mask << 1)) & ((1 << rank) - 2); }
constexpr int bits_between(int from, int to) { return to > from ? ((1 << to) - 1) & ~((1 << from) - 1) : 0; }
constexpr int count_bits(int m) { return __builtin_popcount(static_cast<unsigned>(m)); }

enum class group_kind : signed char { nest, contraction, opaque };

/// Here and in what a plan is made of members have no initial values: clang fills an array of such structs one by one.
struct fused_group {
    int anchor;            // the node that opened it
    int domain;            // interned shape of the loops
    int rank;
    group_kind kind;
    int branch;            // 0: always runs
    signed char columns;   // first column axis; -1: not determined
    signed char rows;      // first axis that a reduction over rows removes; -1: there is none
    int cuts;
    int n;                 // how many nodes it has
};

inline constexpr int max_passes = 16;       // over the row of one nest
inline constexpr int max_group_nodes = 96;

/// What a node is to fusion, once it is known what must be stored.
enum role : int {
    is_view = 1,        // an expand, transpose or section that is not stored
    is_source = 2,      // computed where it is read, or given
    is_reshape = 4,
    is_computed = 8,    // a group computes it
    is_pointwise = 16,
    is_moving = 32      // an expand, transpose or section, stored or not
};

/// The result of fusion; N is the number of nodes, or above it.
template <int N>
struct fusion {
    int group[N], mask[N], from_mask[N], n;   // from_mask: the operand's mask of a reduction
    signed char stage[N];          // reductions along the row that come before the node in its group
    fused_group groups[N];
    int role[N];                   // bits of `role`
    int under[N];                  // what a node shows behind all views
    int home[N];                   // the node whose storage it names, behind all reshapes
    int in_branch[N];              // 0: none
    branch branches[64];           // from 1
    int n_branches;
    bool live[N], post[N], sunk[N], stored[N], pinned[N];
    bool windows[N];               // patches that lie nowhere: contractions read the image
    bool prologue[N];              // what one contraction alone reads, and may compute by itself
};

}  // namespace kiln

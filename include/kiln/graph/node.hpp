// The IR: a node, a region, and the record of an operation's behaviour that nodes point to.
#pragma once
#include <kiln/graph/list.hpp>

namespace kiln {

struct op_info;
struct builder;
struct value;
struct site;
struct cell;

/// A node has at most this many operands, and this many results.
inline constexpr int most_values = 64;

/// One operation applied to operands. Operands, shape and attributes are indices into tables of the graph that the
/// node stands in; equal lists are interned, so equal nodes are equal integers.
struct node {
    const op_info* op;
    int n_in;
    int in[3];   // operands; more than three: in[0] is their list
    int shape;   // interned list of extents
    dtype type;
    int attrs;   // interned list: axes, names, regions, the bits of a literal

    constexpr bool operator==(const node&) const = default;
};

/// A body (of cond, of scan): closed and position-independent. Operand indices count from `first`; parameters come
/// first; `roots` is the list of results.
struct region {
    int first, n, params, roots;
    constexpr bool operator==(const region&) const = default;
};

/// Shape and dtype of a value.
struct type {
    int shape;
    dtype element;
    constexpr bool operator==(const type&) const = default;
};

/// How an operation relates elements of its operands to elements of its result: what lowering needs to know.
enum class pattern : int {
    leaf,         // a symbol, a literal, a parameter of a body
    pointwise,    // each element of the result from the same element of each operand
    reduction,    // folds axes
    expand,       // new axes along which the operand repeats
    reshape,      // the same elements in the same order
    transpose,    // the same elements, axes permuted
    section,      // a part of the elements, or zeros around them
    contraction,  // matmul
    generator,    // each element from its own index
    opaque,       // anything else: runs as a kernel of its own
    result        // one of several results of the node that it follows
};

/// Which dtypes an elementwise operation takes.
enum class domain : int { any, number, floating, integral, integer, boolean };

/// What is known of one operation; one static record for each, made from its struct by `info<Op>`.
struct op_info {
    u64 id;
    const char* name;
    pattern kind;
    bool boolean = false;          // the result is bool, whatever the operands are
    bool costly = false;           // worth storing rather than computing twice
    bool spreads_nan = false;      // NaN where a floating operand is NaN
    bool flat = false;             // the derivative is zero by definition
    bool leads = false;            // leading axes may be absent in some operands
    domain takes = domain::any;
    int first_typed = 0;           // operands before this one have a dtype of their own (the condition of where)
    int (*results)(site) = nullptr;                                  // null: one
    type (*infer)(site, int k) = nullptr;                            // type of result k
    void (*jvp)(site, const value* t, value* out) = nullptr;
    void (*vjp)(site, const value* ct, value* out) = nullptr;
    void (*reference)(site, const cell* const* in, cell* const* out) = nullptr;
    value (*simplify)(site) = nullptr;
    const char* refuses = nullptr;                                   // why there is no derivative

    constexpr bool leaf() const { return kind == pattern::leaf; }
    constexpr bool pointwise() const { return kind == pattern::pointwise; }
};

/// An element in the reference interpreter: floating types live in `f`, bool and integers in `i`.
struct cell {
    double f;
    i64 i;
};

inline constexpr op_info literal_op{hash("literal"), "literal", pattern::leaf};
inline constexpr op_info parameter_op{hash("parameter"), "parameter", pattern::leaf};      // of a body
inline constexpr op_info placeholder_op{hash("placeholder"), "placeholder", pattern::leaf};
inline constexpr op_info variable_op{hash("variable"), "variable", pattern::leaf};         // operand: its initial value
inline constexpr op_info seed_op{hash("seed"), "seed", pattern::leaf};                     // the session's seed
inline constexpr op_info hole_op{hash("hole"), "hole", pattern::leaf};                     // a value that a pass fills in
inline constexpr op_info result_op{hash("result"), "result", pattern::result};

}  // namespace kiln

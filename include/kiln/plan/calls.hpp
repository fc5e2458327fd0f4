// What a plan is made of: calls of kernels, where their arguments lie, pieces of the arena, guards.
#pragma once
#include <kiln/core/types.hpp>

namespace kiln {

/// Where an argument of a call lies.
enum class space : int { buffer, leaf, output, number };
struct plan_argument {
    space where;
    int index;
    constexpr bool operator==(const plan_argument&) const = default;
};
struct plan_call {
    int kernel, first_argument, n_arguments, first_size, n_sizes, group;
    int guard;   // 0: always runs; else a row of the guards
};
/// A branch runs where this bool is `wanted`, and where the guard around it lets it.
struct plan_guard {
    plan_argument predicate;
    bool wanted;
    int parent;
};
struct plan_kernel {
    int at, n;   // its words
};
/// Which operands of a contraction are copied into panels before they are multiplied, and how.
struct packing {
    bool left, right;   // is copied
    bool products;      // few rows are inner products with columns that lie contiguous
    bool computes_left = false, computes_right = false;   // what is copied is computed then, by a map of the same call
    bool by_panels = false;   // for few rows the right operand is copied panel by panel, as it is read
    bool waits = false;  // sums wait in memory, from some steps to the next, or where these are windows, from a few images
    constexpr bool any() const { return left || right || waits; }
    constexpr bool operator==(const packing&) const = default;
};
/// A piece of the arena: `count` elements of `bytes`, and `rows` is -1; or scratch of each thread: `rows` padded rows of `count`
/// columns of `lane_bytes`, and panels of a contraction of `height` rows, `count` columns, `inner` steps (-1: none) and elements of `bytes`; or so many
/// `vectors`.
struct plan_slot {
    int count, bytes;
    int rows, inner, height;
    packing panels;
    int vectors = 0, lane_bytes = 0;
    constexpr bool scratch() const { return rows >= 0; }
    constexpr bool operator==(const plan_slot&) const = default;
};
/// What a piece of so many bytes takes in the arena: whole cache lines, and one between two pieces, which may be read beyond their end.
constexpr i64 bytes_in_arena(i64 bytes) { return (bytes + 63) / 64 * 64 + 64; }
/// A run-time extent as a number of some dtype, written when a function is bound.
struct plan_number {
    int size;
    dtype type;
};
/// A symbol that a caller or a session provides.
struct plan_leaf {
    int node;
};

/// The target of a plan: bytes of a vector register, and which sizes are constants of a kernel.
struct plan_target {
    int vector_bytes = 64;
    int constant_columns = 64;
    bool constant_contractions = true;
};

}  // namespace kiln

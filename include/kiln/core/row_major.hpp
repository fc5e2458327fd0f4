// Extents, each known to the compiler or `dynamic`, and where an element lies among them in row-major order.
#pragma once
#include <array>
#include <cassert>
#include <concepts>
#include <cstddef>
#include <limits>

#include <kiln/core/error.hpp>
#include <kiln/core/message.hpp>
#include <kiln/core/types.hpp>

namespace kiln {

/// An extent that run time supplies.
inline constexpr i64 dynamic = -1;

namespace detail {

// As numpy writes them: one extent is "(3,)".
inline const char* end_of_shape(int rank) { return rank == 1 ? ",)" : ")"; }

[[noreturn]] inline void throw_shape_mismatch(const i64* expected, const i64* came, int rank) {
    message m;
    (m << "tensor: expected shape ").shape(expected, rank, end_of_shape(rank)) << ", got ";
    throw shape_error(m.shape(came, rank, end_of_shape(rank)).text());
}

[[noreturn]] inline void throw_negative_extent(i64 extent) {
    throw shape_error((message() << "tensor: an extent cannot be negative, got " << extent).text());
}

[[noreturn]] inline void throw_too_large(const i64* extents, int rank) {
    message m;
    (m << "tensor: shape ").shape(extents, rank, end_of_shape(rank)) << " has more elements than can be counted";
    throw shape_error(m.text());
}

[[noreturn]] inline void throw_not_contiguous() {
    throw shape_error("tensor: the elements are not contiguous in row-major order");
}

}  // namespace detail

/// The shape of a dense row-major array. Static extents take no room.
template <i64... Extents>
class row_major {
    static_assert(((Extents >= 0 || Extents == dynamic) && ...), "an extent is a count or `dynamic`");

public:
    static constexpr int rank = sizeof...(Extents);
    static constexpr int n_dynamic = (static_cast<int>(Extents == dynamic) + ... + 0);
    static constexpr bool is_static = n_dynamic == 0;
    using extents_type = std::array<i64, rank>;
    static constexpr extents_type static_extents{Extents...};

    /// Dynamic extents are 0.
    constexpr row_major() noexcept {
        if constexpr (is_static) static_assert(count(static_extents) >= 0, "too many elements");
        else
            for (std::size_t i = 0; i < rank; ++i)
                stored_[i] = static_extents[i] == dynamic ? 0 : static_extents[i];
    }

    /// The dynamic extents, in order.
    template <std::integral... N>
        requires(sizeof...(N) == n_dynamic && n_dynamic > 0)
    explicit constexpr row_major(N... extents) : row_major(filled_in({static_cast<i64>(extents)...})) {}

    /// All extents; the static ones are checked.
    explicit constexpr row_major(const extents_type& extents) {
        for (std::size_t i = 0; i < rank; ++i) {
            if (extents[i] < 0) detail::throw_negative_extent(extents[i]);
            if (static_extents[i] != dynamic && static_extents[i] != extents[i])
                detail::throw_shape_mismatch(static_extents.data(), extents.data(), rank);
        }
        if (count(extents) < 0) detail::throw_too_large(extents.data(), rank);
        if constexpr (!is_static) stored_ = extents;
    }

    constexpr extents_type extents() const noexcept {
        if constexpr (is_static) return static_extents;
        else return stored_;
    }

    constexpr i64 extent(int axis) const noexcept {
        assert(axis >= 0 && axis < rank);
        if constexpr (is_static) return static_extents[static_cast<std::size_t>(axis)];
        else return stored_[static_cast<std::size_t>(axis)];
    }

    /// The number of elements.
    constexpr i64 size() const noexcept {
        u64 n = 1;   // unsigned, for what stands before a zero may be too large
        for (const i64 extent : extents()) n *= static_cast<u64>(extent);
        return static_cast<i64>(n);
    }

    /// The place of an element, counted in elements.
    template <std::integral... Index>
        requires(sizeof...(Index) == rank)
    constexpr i64 offset(Index... index) const noexcept {
        i64 place = 0;
        [[maybe_unused]] int axis = 0;
        (((place = place * extent(axis) + checked(static_cast<i64>(index), axis)), ++axis), ...);
        return place;
    }

private:
    struct nothing {};
    [[no_unique_address]] std::conditional_t<is_static, nothing, extents_type> stored_{};

    constexpr i64 checked(i64 index, [[maybe_unused]] int axis) const noexcept {
        assert(index >= 0 && index < extent(axis));
        return index;
    }

    static constexpr extents_type filled_in(const std::array<i64, n_dynamic>& given) {
        extents_type all = static_extents;
        std::size_t next = 0;
        for (i64& extent : all)
            if (extent == dynamic) {
                extent = given[next++];
                // -1 would look as if it were still to come
                if (extent < 0) detail::throw_negative_extent(extent);
            }
        return all;
    }

    // -1: more than an i64 can count. A zero among them makes the product zero whatever the others are.
    static constexpr i64 count(const extents_type& extents) {
        for (const i64 extent : extents)
            if (extent == 0) return 0;
        i64 n = 1;
        for (const i64 extent : extents) {
            if (n > std::numeric_limits<i64>::max() / extent) return -1;
            n *= extent;
        }
        return n;
    }
};

template <i64... A, i64... B>
constexpr bool operator==(const row_major<A...>& a, const row_major<B...>& b) noexcept {
    if constexpr (sizeof...(A) != sizeof...(B)) return false;
    else {
        for (int axis = 0; axis < a.rank; ++axis)   // std::array's own is a memcmp, which hides the extents from g++
            if (a.extent(axis) != b.extent(axis)) return false;
        return true;
    }
}

}  // namespace kiln

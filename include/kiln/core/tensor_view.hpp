// A tensor that somebody else owns: a pointer and a row-major shape; and the foreign types that can be seen as one.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <kiln/core/row_major.hpp>

namespace kiln {

template <class T, i64... Extents>
class tensor_view;

namespace detail {

// How an X is seen: `type`, the view, and `view(x)`, which makes it. The specialisations are in view_sources.hpp.
template <class X>
struct source;

// An rvalue that owns its elements is seen as const: what is written to it is lost.
template <class X>
constexpr bool only_borrows = std::ranges::enable_borrowed_range<std::remove_cv_t<X>>;
template <class X>
using seen_as = std::conditional_t<std::is_lvalue_reference_v<X> || only_borrows<std::remove_reference_t<X>>,
                                   std::remove_reference_t<X>, const std::remove_reference_t<X>>;

template <class X>
constexpr bool is_tensor_view = false;
template <class T, i64... Extents>
constexpr bool is_tensor_view<tensor_view<T, Extents...>> = true;
template <class X>
constexpr bool is_tensor = is_tensor_view<X>;   // or one that owns its elements

template <class To, class From>
struct view_conversion {
    static constexpr bool possible = false;
};
template <class T, i64... To, class U, i64... From>
    requires(sizeof...(To) == sizeof...(From) && std::is_convertible_v<U (*)[], T (*)[]>)
struct view_conversion<tensor_view<T, To...>, tensor_view<U, From...>> {
    static constexpr bool possible = ((To == From || To == dynamic || From == dynamic) && ...);
    static constexpr bool checked = ((To != dynamic && From == dynamic) || ...);
};

}  // namespace detail

/// What can be seen as a tensor: tensors, views, std::span, std::vector, std::array, C arrays, dense Eigen matrices
/// and maps, mdspan, and every class that has a member `view()` returning a tensor_view.
template <class X>
concept viewable = requires { typename detail::source<detail::seen_as<X>>::type; };

/// The view that `as_view` makes of an X.
template <viewable X>
using view_of = typename detail::source<detail::seen_as<X>>::type;

/// Sees `x` as a tensor. The view is good for as long as the elements of `x` live.
template <viewable X>
constexpr view_of<X> as_view(X&& x) {
    detail::seen_as<X>& seen = x;
    return detail::source<detail::seen_as<X>>::view(seen);
}

/// A row-major tensor of somebody else's elements; copying it copies no element, and T may be const. An extent is a
/// number or `dynamic`.
template <class T, i64... Extents>
class tensor_view {
    static_assert(element<std::remove_const_t<T>>, "tensors hold bool, integers, float or double");

public:
    using value_type = std::remove_const_t<T>;
    using element_type = T;
    using shape_type = row_major<Extents...>;
    using extents_type = typename shape_type::extents_type;
    static constexpr bool is_static = shape_type::is_static;

    /// No elements.
    constexpr tensor_view() noexcept requires(!is_static) = default;

    explicit constexpr tensor_view(T* elements) noexcept requires is_static : data_(elements) {}

    /// The dynamic extents, in order.
    template <std::integral... N>
        requires(sizeof...(N) == shape_type::n_dynamic && !is_static)
    constexpr tensor_view(T* elements, N... extents) : data_(elements), shape_(extents...) {}

    constexpr tensor_view(T* elements, const shape_type& shape) noexcept : data_(elements), shape_(shape) {}

    /// From a view of the same rank: static to dynamic and T to const T by itself; dynamic to static when asked for,
    /// and checked.
    template <class U, i64... From>
        requires(!std::is_same_v<tensor_view<U, From...>, tensor_view> &&
                 detail::view_conversion<tensor_view, tensor_view<U, From...>>::possible)
    explicit(detail::view_conversion<tensor_view, tensor_view<U, From...>>::checked) constexpr tensor_view(
        const tensor_view<U, From...>& other)
        : data_(other.data()), shape_(other.extents()) {}

    /// From whatever can be seen as such a view, by the same rules.
    template <viewable X>
        requires(!detail::is_tensor_view<std::remove_cvref_t<X>> &&
                 detail::view_conversion<tensor_view, view_of<X>>::possible)
    explicit(detail::view_conversion<tensor_view, view_of<X>>::checked) constexpr tensor_view(X&& x)
        : tensor_view(as_view(std::forward<X>(x))) {}

    static constexpr int rank() noexcept { return shape_type::rank; }
    constexpr T* data() const noexcept { return data_; }
    constexpr T* begin() const noexcept { return data_; }
    constexpr T* end() const noexcept { return data_ + size(); }
    constexpr i64 size() const noexcept { return shape_.size(); }
    constexpr bool empty() const noexcept { return size() == 0; }
    constexpr i64 extent(int axis) const noexcept { return shape_.extent(axis); }
    constexpr auto extents() const noexcept { return shape_.extents(); }
    constexpr const shape_type& shape() const noexcept { return shape_; }

    template <std::integral... Index>
        requires(sizeof...(Index) == shape_type::rank)
    constexpr T& operator()(Index... index) const noexcept {
        return data_[shape_.offset(index...)];
    }

    constexpr T& operator[](i64 index) const noexcept requires(shape_type::rank == 1) { return (*this)(index); }

    /// A tensor of rank 0 is a number.
    constexpr operator value_type() const noexcept requires(shape_type::rank == 0) { return *data_; }

    constexpr void fill(value_type value) const noexcept requires(!std::is_const_v<T>) {
        for (T& x : *this) x = value;
    }

    /// Copies the elements of a tensor of the same shape, which is checked; the two may not overlap in part.
    template <viewable X>
        requires(!std::is_const_v<T> &&
                 detail::view_conversion<tensor_view<const value_type, Extents...>, view_of<const X&>>::possible)
    constexpr void assign(const X& other) const {
        const tensor_view<const value_type, Extents...> from(as_view(other));
        if (from.shape() != shape())
            detail::throw_shape_mismatch(extents().data(), from.extents().data(), rank());
        for (i64 i = 0, n = size(); i < n; ++i) data_[i] = from.data()[i];
    }

private:
    T* data_ = nullptr;
    [[no_unique_address]] shape_type shape_{};
};

/// Same shape and equal elements.
template <class A, class B>
    requires((detail::is_tensor<A> || detail::is_tensor<B>) && viewable<const A&> && viewable<const B&> &&
             std::is_same_v<typename view_of<const A&>::value_type, typename view_of<const B&>::value_type>)
constexpr bool operator==(const A& a, const B& b) {
    const auto x = as_view(a);
    const auto y = as_view(b);
    if (x.shape() != y.shape()) return false;
    for (i64 i = 0, n = x.size(); i < n; ++i)
        if (x.data()[i] != y.data()[i]) return false;
    return true;
}

}  // namespace kiln

template <class T, kiln::i64... Extents>
inline constexpr bool std::ranges::enable_borrowed_range<kiln::tensor_view<T, Extents...>> = true;

#include <kiln/core/view_sources.hpp>

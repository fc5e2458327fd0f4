// How foreign types are seen as tensors. Each is known by its members, so that nobody pays for a header of Eigen,
// mdspan or vector. The other half of tensor_view.hpp, which includes it.
#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include <kiln/core/tensor_view.hpp>

namespace kiln {

namespace detail {

template <class View>
constexpr View view_with_extents(typename View::element_type* elements, const typename View::extents_type& extents) {
    return View(elements, typename View::shape_type(extents));
}

template <class T, i64... Extents>
struct source<tensor_view<T, Extents...>> {
    using type = tensor_view<T, Extents...>;
    static constexpr type view(const type& x) { return x; }
};
template <class T, i64... Extents>
struct source<const tensor_view<T, Extents...>> : source<tensor_view<T, Extents...>> {};

// Classes of kiln, and of users, that say themselves how they are seen.
template <class X>
concept views_itself = requires(X& x) { x.view(); } && is_tensor_view<decltype(std::declval<X&>().view())>;

template <views_itself X>
struct source<X> {
    using type = decltype(std::declval<X&>().view());
    static constexpr type view(X& x) { return x.view(); }
};

template <class X>
concept has_elements = requires(X& x) { *x.data(); } && std::is_pointer_v<decltype(std::declval<X&>().data())> &&
                       element<std::remove_cvref_t<decltype(*std::declval<X&>().data())>>;

// Eigen's dense matrices, arrays, maps and blocks.
template <class X>
concept like_eigen = has_elements<X> && requires(X& x) {
    x.rows();
    x.cols();
    x.innerStride();
    x.outerStride();
    X::IsRowMajor;
    X::RowsAtCompileTime;
    X::ColsAtCompileTime;
};

// A map refers to a plain object's elements; a plain object has its own.
template <class X>
    requires like_eigen<X> && (!std::is_same_v<typename X::PlainObject, std::remove_cv_t<X>>)
constexpr bool only_borrows<X> = true;

template <like_eigen X>
struct source<X> {
    static constexpr i64 rows = X::RowsAtCompileTime, cols = X::ColsAtCompileTime;   // Eigen's Dynamic is -1 too
    static constexpr bool is_vector = rows == 1 || cols == 1;
    using T = std::remove_pointer_t<decltype(std::declval<X&>().data())>;
    using type = std::conditional_t<is_vector, tensor_view<T, rows == 1 ? cols : rows>, tensor_view<T, rows, cols>>;

    static constexpr type view(X& x) {
        static_assert(is_vector || X::IsRowMajor,
                      "kiln tensors are row-major and this Eigen matrix is column-major: store it as Eigen::RowMajor");
        const i64 n_rows = x.rows(), n_cols = x.cols(), outer = x.outerStride();
        if (n_rows * n_cols > 1 && (x.innerStride() != 1 || (!is_vector && n_rows > 1 && outer != n_cols)))
            throw_not_contiguous();
        if constexpr (is_vector) return view_with_extents<type>(x.data(), {n_rows * n_cols});
        else return view_with_extents<type>(x.data(), {n_rows, n_cols});
    }
};

// std::mdspan and its ancestors.
template <class X>
concept like_mdspan = requires(X& x) {
    x.data_handle();
    x.extents();
    X::static_extent(0);
    X::rank();
} && std::is_pointer_v<decltype(std::declval<X&>().data_handle())>;

template <like_mdspan X>
constexpr bool only_borrows<X> = true;

template <like_mdspan X>
struct source<X> {
    template <std::size_t... Axis>
    static constexpr auto see(X& x, std::index_sequence<Axis...>) {
        using T = std::remove_pointer_t<decltype(x.data_handle())>;
        using seen_type = tensor_view<T, static_cast<i64>(X::static_extent(Axis))...>;   // its dynamic_extent is -1 too
        const auto seen =
            view_with_extents<seen_type>(x.data_handle(), {static_cast<i64>(x.extents().extent(Axis))...});
        i64 step = seen.empty() ? 0 : 1;
        if constexpr (sizeof...(Axis) > 0)
            for (std::size_t axis = sizeof...(Axis); step > 0 && axis-- > 0;) {
                const i64 extent = seen.extents()[axis];
                if (extent > 1 && static_cast<i64>(x.stride(axis)) != step) throw_not_contiguous();
                step *= extent;
            }
        return seen;
    }
    using axes = std::make_index_sequence<X::rank()>;
    using type = decltype(see(std::declval<X&>(), axes{}));
    static constexpr type view(X& x) { return see(x, axes{}); }
};

// std::span, std::vector, std::array and what else has its elements in a row.
template <class X>
constexpr i64 static_size = dynamic;
template <class T, std::size_t N>
constexpr i64 static_size<std::array<T, N>> = static_cast<i64>(N);
template <class T, std::size_t N>
constexpr i64 static_size<std::span<T, N>> = static_cast<i64>(N);   // its dynamic_extent is -1 too

template <class X>
concept elements_in_a_row = has_elements<X> && requires(X& x) { x.size(); } && !like_eigen<X> && !views_itself<X>;

template <elements_in_a_row X>
struct source<X> {
    using T = std::remove_pointer_t<decltype(std::declval<X&>().data())>;
    using type = tensor_view<T, static_size<std::remove_cv_t<X>>>;
    static constexpr type view(X& x) {
        return view_with_extents<type>(x.data(), {static_cast<i64>(x.size())});
    }
};

// C arrays of any rank. (In constant evaluation those of rank 1: a pointer may not walk from row to row there.)
template <class T, i64... Extents>
struct array_source {
    using type = tensor_view<T, Extents...>;
};
template <class T, std::size_t N, i64... Extents>
struct array_source<T[N], Extents...> : array_source<T, Extents..., static_cast<i64>(N)> {};

template <class X>
    requires(std::is_array_v<X> && element<std::remove_cv_t<std::remove_all_extents_t<X>>> && std::extent_v<X> > 0)
struct source<X> : array_source<X> {
    template <class A>
    static constexpr auto first(A& a) {
        if constexpr (std::is_array_v<A>) return first(a[0]);
        else return &a;
    }
    static constexpr typename array_source<X>::type view(X& x) {
        return typename array_source<X>::type(first(x));
    }
};

}  // namespace detail

}  // namespace kiln

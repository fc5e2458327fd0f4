// A tensor that owns its elements.
#pragma once
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <utility>

#include <kiln/core/tensor_view.hpp>

namespace kiln {

namespace detail {

// A cache line, and the widest SIMD register. Many elements begin 19 of 64 lines further in their page than the ones before. Where one
// tensor lies a few lines further than another, what a kernel reads of the one has the last 12 bits of what it has just written to the other,
// and processors wait for that as if it were the same address; where all lie alike, they share the same few lines of the first cache.
inline constexpr std::size_t tensor_alignment = 64, page = 4096, many_bytes = 4 * page;
inline unsigned large_tensors = 0;
inline std::size_t next_place_in_page() { return __atomic_fetch_add(&large_tensors, 1u, __ATOMIC_RELAXED) * std::size_t{19} % (page / 64) * 64; }

template <class T>
constexpr T* allocate(i64 size) {
    if (size == 0) return nullptr;
    const auto n = static_cast<std::size_t>(size);
    if (std::is_constant_evaluated()) return new T[n]();   // where an element must be made before it is written
    if (n > static_cast<std::size_t>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T) - page)
        throw_too_large(&size, 1);
    const std::size_t bytes = n * sizeof(T);
    if (bytes < many_bytes) return static_cast<T*>(::operator new(bytes, std::align_val_t{tensor_alignment}));
    return reinterpret_cast<T*>(static_cast<char*>(::operator new(bytes + page, std::align_val_t{page})) + next_place_in_page());
}

template <class T>
constexpr void deallocate(T* elements, i64 size) noexcept {
    if (elements == nullptr) return;
    if (std::is_constant_evaluated()) delete[] elements;
    else if (static_cast<std::size_t>(size) * sizeof(T) < many_bytes) ::operator delete(elements, std::align_val_t{tensor_alignment});
    else ::operator delete(reinterpret_cast<char*>(elements) - reinterpret_cast<std::uintptr_t>(elements) % page, std::align_val_t{page});
}

// The extents of nested lists; lists of one level must be of one length.
template <class T>
constexpr std::array<i64, 1> extents_of(std::initializer_list<T> list) {
    return {static_cast<i64>(list.size())};
}
template <class T>
constexpr auto extents_of(std::initializer_list<std::initializer_list<T>> list) {
    using inner_extents = decltype(extents_of(*list.begin()));
    std::array<i64, std::tuple_size_v<inner_extents> + 1> all{static_cast<i64>(list.size())};
    bool first = true;
    for (const auto& inner : list) {
        const inner_extents extents = extents_of(inner);
        for (std::size_t i = 0; i < extents.size(); ++i) {
            if (!first && all[i + 1] != extents[i]) throw shape_error("tensor: the rows of a list differ in length");
            all[i + 1] = extents[i];
        }
        first = false;
    }
    return all;
}

template <class T>
constexpr T* copy_elements(std::initializer_list<T> list, T* to) {
    for (const T& x : list) *to++ = x;
    return to;
}
template <class T, class Inner>
constexpr T* copy_elements(std::initializer_list<std::initializer_list<Inner>> list, T* to) {
    for (const auto& inner : list) to = copy_elements(inner, to);
    return to;
}

}  // namespace detail

/// A dense row-major tensor with elements of its own, aligned to 64 bytes. An extent is a number or `dynamic`.
/// It moves by handing its elements over (a moved-from tensor may be destroyed or assigned to, nothing else) and is
/// copied only where `copy()` is called.
template <class T, i64... Extents>
class tensor {
    static_assert(element<T>, "tensors hold bool, integers, float or double");
    template <class U, i64... Other>
    friend class tensor;

public:
    using value_type = T;
    using shape_type = row_major<Extents...>;
    using view_type = tensor_view<T, Extents...>;
    using const_view_type = tensor_view<const T, Extents...>;
    static constexpr bool is_static = shape_type::is_static;

    /// All zero; dynamic extents are 0.
    constexpr tensor() : tensor(shape_type()) {}

    /// All zero; the dynamic extents, in order.
    template <std::integral... N>
        requires(sizeof...(N) == shape_type::n_dynamic && !is_static)
    explicit constexpr tensor(N... extents) : tensor(shape_type(extents...)) {}

    /// All zero.
    explicit constexpr tensor(const shape_type& shape) : tensor(shape, detail::allocate<T>(shape.size())) {
        if (std::is_constant_evaluated()) return;   // there every element is zero already
        for (T& x : *this) x = T{};
    }

    /// A tensor of rank 0.
    constexpr tensor(T value) requires(shape_type::rank == 0) : tensor(shape_type()) { *elements_ = value; }

    /// From nested lists, which give the dynamic extents: `tensor<float, 2, dynamic>{{1, 2, 3}, {4, 5, 6}}`.
    constexpr tensor(std::initializer_list<T> list) requires(shape_type::rank == 1) : tensor(of_list(list)) {}
    constexpr tensor(std::initializer_list<std::initializer_list<T>> list) requires(shape_type::rank == 2)
        : tensor(of_list(list)) {}
    constexpr tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>> list)
        requires(shape_type::rank == 3)
        : tensor(of_list(list)) {}

    /// A copy of whatever can be seen as a tensor of this rank.
    template <viewable X>
        requires(!std::is_same_v<std::remove_cvref_t<X>, tensor> &&
                 detail::view_conversion<const_view_type, view_of<const X&>>::possible)
    explicit constexpr tensor(const X& x) : tensor(of_view(const_view_type(as_view(x)))) {}

    constexpr tensor(tensor&& other) noexcept
        : elements_(std::exchange(other.elements_, nullptr)), shape_(std::exchange(other.shape_, shape_type())) {}
    constexpr tensor& operator=(tensor&& other) noexcept {
        std::swap(elements_, other.elements_);
        std::swap(shape_, other.shape_);
        return *this;
    }
    tensor(const tensor&) = delete;   // call copy()
    tensor& operator=(const tensor&) = delete;
    constexpr ~tensor() { detail::deallocate(elements_, size()); }

    /// A tensor whose elements have no value yet.
    static constexpr tensor uninitialized(const shape_type& shape) {
        return tensor(shape, detail::allocate<T>(shape.size()));
    }
    template <std::integral... N>
        requires(sizeof...(N) == shape_type::n_dynamic)
    static constexpr tensor uninitialized(N... extents) {
        return uninitialized(shape_type(extents...));
    }

    /// Another tensor with the same elements.
    constexpr tensor copy() const { return of_view(view()); }

    /// The same elements in another shape of the same size, without a copy: `std::move(t).reshape<dynamic, 4>(n)`.
    template <i64... New, std::integral... N>
    constexpr tensor<T, New...> reshape(N... extents) && {
        const row_major<New...> shape(extents...);
        if (shape.size() != size()) throw shape_error("tensor: reshape to another number of elements");
        shape_ = shape_type();
        return tensor<T, New...>(shape, std::exchange(elements_, nullptr));
    }

    constexpr view_type view() noexcept { return view_type(elements_, shape_); }
    constexpr const_view_type view() const noexcept { return const_view_type(elements_, shape_); }

    static constexpr int rank() noexcept { return shape_type::rank; }
    constexpr T* data() noexcept { return elements_; }
    constexpr const T* data() const noexcept { return elements_; }
    constexpr T* begin() noexcept { return elements_; }
    constexpr const T* begin() const noexcept { return elements_; }
    constexpr T* end() noexcept { return elements_ + size(); }
    constexpr const T* end() const noexcept { return elements_ + size(); }
    constexpr i64 size() const noexcept { return shape_.size(); }
    constexpr bool empty() const noexcept { return size() == 0; }
    constexpr i64 extent(int axis) const noexcept { return shape_.extent(axis); }
    constexpr auto extents() const noexcept { return shape_.extents(); }
    constexpr const shape_type& shape() const noexcept { return shape_; }

    template <std::integral... Index>
        requires(sizeof...(Index) == shape_type::rank)
    constexpr T& operator()(Index... index) noexcept {
        return elements_[shape_.offset(index...)];
    }
    template <std::integral... Index>
        requires(sizeof...(Index) == shape_type::rank)
    constexpr const T& operator()(Index... index) const noexcept {
        return elements_[shape_.offset(index...)];
    }

    constexpr T& operator[](i64 index) noexcept requires(shape_type::rank == 1) { return (*this)(index); }
    constexpr const T& operator[](i64 index) const noexcept requires(shape_type::rank == 1) { return (*this)(index); }

    /// A tensor of rank 0 is a number.
    constexpr operator T() const noexcept requires(shape_type::rank == 0) { return *elements_; }

    constexpr void fill(T value) noexcept { view().fill(value); }

    /// Copies the elements of a tensor of the same shape, which is checked.
    template <viewable X>
        requires requires(view_type to, const X& from) { to.assign(from); }
    constexpr void assign(const X& other) {
        view().assign(other);
    }

private:
    T* elements_ = nullptr;
    [[no_unique_address]] shape_type shape_{};

    // Takes the elements over.
    constexpr tensor(const shape_type& shape, T* elements) noexcept : elements_(elements), shape_(shape) {}

    template <class List>
    static constexpr tensor of_list(const List& list) {
        tensor made = uninitialized(shape_type(detail::extents_of(list)));
        detail::copy_elements(list, made.elements_);
        return made;
    }

    static constexpr tensor of_view(const_view_type from) {
        tensor made = uninitialized(from.shape());
        for (i64 i = 0, n = from.size(); i < n; ++i) made.elements_[i] = from.data()[i];
        return made;
    }
};

template <class T>
tensor(std::initializer_list<T>) -> tensor<T, dynamic>;
template <class T>
tensor(std::initializer_list<std::initializer_list<T>>) -> tensor<T, dynamic, dynamic>;
template <class T>
tensor(std::initializer_list<std::initializer_list<std::initializer_list<T>>>)
    -> tensor<T, dynamic, dynamic, dynamic>;
template <class T, i64... Extents>
tensor(const tensor_view<T, Extents...>&) -> tensor<std::remove_const_t<T>, Extents...>;

namespace detail {
template <class T, i64... Extents>
constexpr bool is_tensor<tensor<T, Extents...>> = true;
}

}  // namespace kiln

// Tensors as text, the way numpy writes them.
#pragma once
#include <charconv>
#include <cstddef>
#include <iosfwd>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include <kiln/core/tensor.hpp>

namespace kiln {

namespace detail {

/// One element: the shortest text that reads back as the same number; a floating one has a point or an exponent.
template <element T>
std::string text_of_element(T x) {
    if constexpr (std::is_same_v<T, bool>) return x ? "true" : "false";
    else if constexpr (std::is_integral_v<T>) return std::to_string(x);
    else {
        const T size = x < 0 ? -x : x;
        const bool finite = size <= std::numeric_limits<T>::max();
        const bool fixed = size == 0 || (size >= T(1e-4) && size < T(1e8));
        char text[32];
        const auto format = fixed ? std::chars_format::fixed : std::chars_format::scientific;
        char* const end = std::to_chars(text, text + sizeof text, x, format).ptr;
        std::string written(text, end);
        if (finite && written.find_first_of(".e") == std::string::npos) written += '.';
        return written;
    }
}

// Walks a tensor of any rank and shows its elements, of a large one those at the edges of each axis.
template <class T>
class tensor_printer {
public:
    tensor_printer(const T* elements, const i64* extents, int rank, i64 size)
        : elements_(elements), extents_(extents), rank_(rank), size_(size), shortened_(size > 1000) {}

    std::string text() {
        if (size_ == 0) return "[]";
        measure(0, elements_, size_);
        write(0, elements_, size_);
        return std::move(text_);
    }

private:
    const T* elements_;
    const i64* extents_;
    int rank_;
    i64 size_;
    bool shortened_;
    std::size_t width_ = 0;
    std::string text_;

    // Calls f(i) for the shown indices of an axis and gap() once for those left out.
    template <class F, class Gap>
    void for_each_shown(int axis, F f, Gap gap) const {
        constexpr i64 edge = 3;
        const i64 n = extents_[axis];
        for (i64 i = 0; i < n; ++i) {
            if (shortened_ && n > 2 * edge && i == edge) {
                gap();
                i = n - edge;
            }
            f(i);
        }
    }

    void measure(int axis, const T* at, i64 size) {
        if (axis == rank_) {
            const std::size_t width = text_of_element(*at).size();
            if (width > width_) width_ = width;
            return;
        }
        const i64 step = size / extents_[axis];
        for_each_shown(axis, [&](i64 i) { measure(axis + 1, at + i * step, step); }, [] {});
    }

    void write(int axis, const T* at, i64 size) {
        if (axis == rank_) {
            const std::string element = text_of_element(*at);
            text_.append(width_ - element.size(), ' ') += element;
            return;
        }
        const i64 step = size / extents_[axis];
        text_ += '[';
        for_each_shown(
            axis,
            [&](i64 i) {
                if (i > 0) separate(axis);
                write(axis + 1, at + i * step, step);
            },
            [&] {
                separate(axis);
                text_ += "...";
            });
        text_ += ']';
    }

    // Elements stand in a line, rows below each other, matrices with an empty line between them.
    void separate(int axis) {
        const int deeper = rank_ - 1 - axis;
        if (deeper == 0) text_ += ' ';
        else text_.append(static_cast<std::size_t>(deeper), '\n').append(static_cast<std::size_t>(axis + 1), ' ');
    }
};

}  // namespace detail

/// The elements in nested brackets, as numpy writes them; of more than 1000 elements only the edges.
template <class T, i64... Extents>
std::string to_string(const tensor_view<T, Extents...>& view) {
    const auto extents = view.extents();
    return detail::tensor_printer<std::remove_const_t<T>>(view.data(), extents.data(), view.rank(), view.size()).text();
}

template <class T, i64... Extents>
std::string to_string(const tensor<T, Extents...>& t) {
    return to_string(t.view());
}

/// Writes a tensor or view to a stream. (A template, so that <ostream> is needed only where it is used.)
template <class Traits, class X>
    requires detail::is_tensor<X>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const X& x) {
    const std::string text = to_string(x);
    return out.write(text.data(), static_cast<std::ptrdiff_t>(text.size()));
}

}  // namespace kiln

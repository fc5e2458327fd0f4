// Where an output of a call is written: to memory of its own, which the call returns, or to the caller's.
#pragma once
#include <kiln/run/signature_table.hpp>

namespace kiln {

/// Output K of the plan L. `names` are the values of its named extents.
template <class L, int K>
struct output_memory {
    using O = output_type<L, K>;
    using T = typename O::element;

    static i64 extent(const i64* names, int a) {
        const size_expr& e = extents.at[a];
        i64 r = e.number;
        for (int j = 0; j < e.n; ++j) r *= names[e.name[j]];
        return r;
    }
    struct number {   // a result of rank 0 needs no memory of its own
        T v;
        T* data() { return &v; }
    };
    static auto make(const i64* names) {
        if constexpr (O::rank == 0) return number{};
        else {
            using R = typename O::tensor_type;
            typename R::shape_type::extents_type e{};
            for (int a = 0; a < O::rank; ++a) e[static_cast<std::size_t>(a)] = extent(names, a);
            return R::uninitialized(typename R::shape_type(e));
        }
    }
    /// What the caller gets of it.
    template <class R>
    static auto unwrapped(R& r) {
        if constexpr (O::rank == 0) return r.v;
        else return std::move(r);
    }
    /// The caller's memory: a view or a pointer to a number. Throws `shape_error` where a view has another shape.
    template <class V>
    static char* checked(const V& v, const i64* names) {
        if constexpr (std::is_pointer_v<V>) {
            static_assert(O::rank == 0 && std::is_same_v<std::remove_pointer_t<V>, T>, "kiln: into() wants a scalar of the output's type");
            return reinterpret_cast<char*>(v);
        } else {
            static_assert(std::is_same_v<typename V::element_type, T>, "kiln: into() wants a view of the output's element type");
            static_assert(V::rank() == O::rank, "kiln: into() wants a view of the output's rank");
            for (int a = 0; a < O::rank; ++a)
                if (v.extent(a) != extent(names, a)) throw_other_shape(v, names);
            return reinterpret_cast<char*>(v.data());
        }
    }

private:
    static constexpr auto extents = [] {
        struct table { size_expr at[9]; } r{};
        for (int a = 0; a < O::rank; ++a) r.at[a] = O::size(a);
        return r;
    }();
    template <class V>
    [[noreturn]] static void throw_other_shape(const V& v, const i64* names) {
        i64 want[9]{}, got[9]{};
        for (int b = 0; b < O::rank; ++b) {
            want[b] = extent(names, b);
            got[b] = v.extent(b);
        }
        detail::message m;
        (m << "kiln: into: output " << K << " has shape ").shape(want, O::rank) << ", got a view of ";
        throw shape_error(m.shape(got, O::rank).text());
    }
};

}  // namespace kiln

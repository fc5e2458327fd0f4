// Constants that constant evaluation makes in two steps: evaluated once at full size, then kept at exactly their size.
#pragma once
#include <kiln/graph/numbering.hpp>

namespace kiln {

/// A reference to a constant.
template <const auto& T>
struct reference_to {
    static constexpr const auto& value = T;
};
/// Make::run() as a constant. It lives in a function that nobody calls: so it is evaluated once, can be read by other
/// evaluations (a local constant would be evaluated again by each, in clang), and reaches neither object file nor debug info.
template <class Make>
auto keep() {
    static constexpr auto made = Make::run();
    return reference_to<made>{};
}
template <class Make>
using kept = decltype(keep<Make>());

/// A canonical graph in a builder, or a finding there.
struct built {
    builder b;
    int roots;
};

/// What `static constexpr built Make::run()` builds: the frozen graph, or the finding.
template <class Make>
constexpr auto made_by() {
    constexpr const built& t = kept<Make>::value;
    constexpr const builder& b = t.b;
    if constexpr (static_cast<bool>(b.found)) return b.found;
    else
        return frozen<at_least_one(b.n), at_least_one(b.n_pool), at_least_one(b.n_regions), at_least_one(b.n_lists),
                      at_least_one(b.n_chars), b.labelled ? b.n : 1>(b, t.roots);
}
template <class T>
concept a_finding = std::is_same_v<std::remove_const_t<T>, finding>;

}  // namespace kiln

// The derivatives of every operation, in float64: forward mode against differences, reverse against forward, second
// order in every order of the modes. Flat operations have no derivative node at all.
#include "trial.hpp"

#include <catch2/catch.hpp>

namespace kiln::testing {
namespace {

/// The sum over all operands of p * q, and of its absolute terms.
struct product {
    real sum = 0, size = 0;
    void add(const array& p, const array& q) {
        for (std::size_t i = 0; i < p.at.size(); ++i) {
            sum += p.at[i] * q.at[i];
            size += std::fabs(p.at[i] * q.at[i]);
        }
    }
};
product dot(const std::vector<array>& p, const std::vector<array>& q) {
    product r;
    for (std::size_t k = 0; k < p.size(); ++k) r.add(p[k], q[k]);
    return r;
}

bool all_finite(const array& a) {
    return std::all_of(a.at.begin(), a.at.end(), [](real v) { return std::isfinite(v); });
}
real largest_of(const std::vector<array>& x) {
    real r = 0;
    for (const array& a : x)
        for (const real v : a.at) r = std::max(r, std::isnan(v) ? HUGE_VALL : std::fabs(v));
    return r;
}
/// The largest distance of p and q, relative to them where they are large.
real distance(const std::vector<array>& p, const std::vector<array>& q) {
    real r = 0;
    const real scale = 1 + largest_of(q);
    for (std::size_t k = 0; k < p.size(); ++k)
        for (std::size_t i = 0; i < p[k].at.size(); ++i) {
            const real d = std::fabs(p[k].at[i] - q[k].at[i]) / scale;
            r = std::max(r, std::isnan(d) ? HUGE_VALL : d);
        }
    return r;
}

/// One row on operands of given shapes, with its first and second derivatives as graphs.
class derivatives {
public:
    derivatives(const row& r, const std::vector<array>& x) : g(r, dtype::float64, x), point(x), f(r), random(5) {
        for (std::size_t k = 0; k < x.size(); ++k)
            if (r.in[k].element == dtype::none) {
                in.push_back(k);
                wrt.push_back(g.x[k]);
                v.push_back(random.tensor(x[k].shape));
                w.push_back(random.tensor(x[k].shape));
                v_in.push_back(g.feed(v.back()));
                w_in.push_back(g.feed(w.back()));
            }
        y = {g.y};
        c = {random.tensor(g.run(g.y).shape)};
        c_in = {g.feed(c[0])};
        dy = pushed(y, v_in);
        dx = pulled(y, c_in);
        if (r.order > 1) {
            forward_reverse = pushed(dx, v_in);
            reverse_reverse = pulled(dx, v_in);
            reverse_forward = pulled(dy, c_in);
            forward_forward = pushed(dy, w_in);
        }
    }

    std::string check() {
        if (g.b().found) return g.b().found.what.s;
        const std::vector<array> t = at(0, dy), a = at(0, dx), u = at(0, y);
        if (!all_finite(u[0])) return "";   // the mean of nothing: nor is its slope
        // forward against differences
        const bool coarse = f.gives(dtype::float64) == dtype::float32;   // a cast: linear, but rounded
        const double h = coarse ? 0.25 : 1e-5;
        if (const real d = distance(t, difference(y, h)); !(d < (coarse ? 1e-4 : 1e-5))) return "forward mode and differences: " + text_of(d);
        // reverse against forward
        if (const std::string wrong = equal(dot(c, t), dot(a, v), coarse ? 1e-6 : 1e-12); !wrong.empty()) return "reverse and forward mode: " + wrong;
        if (f.order < 2) return "";
        const std::vector<array> fr = at(0, forward_reverse), rr = at(0, reverse_reverse), rf = at(0, reverse_forward);
        if (const real d = distance(fr, difference(dx, h)); !(d < 1e-5)) return "second order and differences: " + text_of(d);
        if (const real d = distance(rr, fr); !(d < 1e-9)) return "reverse over reverse and forward over reverse: " + text_of(d);
        if (const real d = distance(rf, fr); !(d < 1e-9)) return "reverse over forward and forward over reverse: " + text_of(d);
        if (const std::string wrong = equal(dot(c, at(0, forward_forward)), dot(fr, w), 1e-9, 1); !wrong.empty())
            return "forward over forward and forward over reverse: " + wrong;
        return "";
    }

private:
    std::vector<value> pushed(const std::vector<value>& of, const std::vector<value>& along) {
        std::vector<value> r(of.size());
        forward(g.b(), wrt.data(), along.data(), n(wrt), of.data(), n(of), r.data());
        for (std::size_t k = 0; k < r.size(); ++k)
            if (r[k].zero()) r[k] = zeros_like(of[k]);
        return r;
    }
    std::vector<value> pulled(const std::vector<value>& of, const std::vector<value>& along) {
        std::vector<value> r(wrt.size());
        reverse(g.b(), of.data(), along.data(), n(of), wrt.data(), n(wrt), r.data());
        for (std::size_t k = 0; k < r.size(); ++k)
            if (r[k].zero()) r[k] = zeros_like(wrt[k]);
        return r;
    }
    static int n(const std::vector<value>& x) { return static_cast<int>(x.size()); }

    /// The values of some roots at the point plus step * v.
    std::vector<array> at(double step, const std::vector<value>& roots) {
        for (std::size_t k = 0; k < in.size(); ++k) {
            array x = point[in[k]];
            for (std::size_t i = 0; i < x.at.size(); ++i) x.at[i] = static_cast<double>(x.at[i] + step * v[k].at[i]);
            g.feed(wrt[k], x);
        }
        return g.run(roots);
    }
    std::vector<array> difference(const std::vector<value>& roots, double h) {
        std::vector<array> high = at(h, roots);
        const std::vector<array> low = at(-h, roots);
        for (std::size_t k = 0; k < high.size(); ++k)
            for (std::size_t i = 0; i < high[k].at.size(); ++i) high[k].at[i] = (high[k].at[i] - low[k].at[i]) / (2 * h);
        return high;
    }
    static std::string equal(const product& p, const product& q, double within, double least = 0) {
        const real d = std::fabs(p.sum - q.sum);
        return d <= within * (p.size + q.size + least) ? "" : text_of(p.sum) + " and " + text_of(q.sum);
    }

    trial g;
    std::vector<array> point;
    const row& f;
    source random;
    std::vector<std::size_t> in;
    std::vector<array> v, w, c;
    std::vector<value> wrt, v_in, w_in, y, c_in, dy, dx, forward_reverse, reverse_reverse, reverse_forward, forward_forward;
};

bool differentiable(const row& r) {
    bool any = false;
    for (int k = 0; k < r.arity; ++k) any |= r.in[k].element == dtype::none;
    return any && accepts(r.takes, dtype::float64);
}

TEST_CASE("derivatives", "[ops]") {
    for (const row& r : all_rows()) {
        if (!differentiable(r) || r.order == 0) continue;
        source random(4);
        auto shapes = shapes_of(r);
        if (r.elementwise()) shapes.emplace_back(static_cast<std::size_t>(r.arity), std::vector<i64>{100});
        for (const auto& shape : shapes)
            for (int draw = 0; draw < 3; ++draw) {
                const std::vector<array> x = operands(r, dtype::float64, shape, random);
                const std::string what = title(r, dtype::float64, x);
                INFO(what);
                const std::string wrong = derivatives(r, x).check();
                if (!wrong.empty()) INFO(arguments(x));
                CHECK(wrong == "");
            }
    }
}

TEST_CASE("the derivative of a flat operation is no node", "[ops]") {
    for (const row& r : all_rows()) {
        if (!differentiable(r) || r.order > 0) continue;
        source random(6);
        INFO(title(r, dtype::float64));
        const std::vector<array> x = operands(r, dtype::float64, shapes_of(r)[0], random);
        trial g(r, dtype::float64, x);
        for (value v : g.x) {
            const value one = ones_like(v), seed = ones_like(g.y);
            value dy, dx;
            forward(g.b(), &v, &one, 1, &g.y, 1, &dy);
            reverse(g.b(), &g.y, &seed, 1, &v, 1, &dx);
            CHECK(dy.zero());
            CHECK(dx.zero());
        }
        CHECK(!g.b().found);
    }
}

/// What a broadcast operand gets is the sum of what its copies would get.
TEST_CASE("the gradient of a broadcast operand is the sum", "[ops]") {
    for (const row& r : all_rows()) {
        if (!differentiable(r) || r.order == 0 || !r.elementwise() || r.arity < 2) continue;
        source random(7);
        for (const auto& shape : shapes_of(r)) {
            const std::vector<array> x = operands(r, dtype::float64, shape, random);
            std::vector<array> wide = x;
            const std::vector<i64> common = expected(r, dtype::float64, x).shape;
            for (array& a : wide) a = expanded(a, common);
            trial g(r, dtype::float64, x), h(r, dtype::float64, wide);
            const array c = random.tensor(common);
            const std::string what = title(r, dtype::float64, x);
            INFO(what);
            for (std::size_t k = 0; k < x.size(); ++k) {
                if (r.in[k].element != dtype::none) continue;
                const value seed_g = g.feed(c), seed_h = h.feed(c);
                value narrow_slope, wide_slope;
                reverse(g.b(), &g.y, &seed_g, 1, &g.x[k], 1, &narrow_slope);
                reverse(h.b(), &h.y, &seed_h, 1, &h.x[k], 1, &wide_slope);
                REQUIRE(!narrow_slope.zero());
                const array got = g.run(narrow_slope), each = h.run(wide_slope);
                array want = zeros_of(dtype::float64, x[k].shape);
                for (std::size_t i = 0; i < each.at.size(); ++i)
                    want.at[flatten(want.shape, unflatten(common, static_cast<i64>(i)))] += each.at[i];
                CHECK(difference(row{}.within(8, 100), got, want) == "");
            }
        }
    }
}

}  // namespace
}  // namespace kiln::testing

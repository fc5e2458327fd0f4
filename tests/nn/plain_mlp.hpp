// What kiln's training is compared to: a network of one hidden layer, softmax cross-entropy and its derivative, and
// Lasagne's optimizers, in plain loops over doubles.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace kiln::testing {

using numbers = std::vector<double>;

struct plain_mlp {
    std::size_t in, hidden, out;
    std::array<numbers, 4> p{numbers(in * hidden), numbers(hidden), numbers(hidden * out), numbers(out)};   // kernel, bias, twice
    std::array<numbers, 4> g{};

    /// The mean loss of a batch under tanh; g gets its derivatives.
    double loss(const numbers& x, const std::vector<int>& labels) {
        const std::size_t n = labels.size();
        for (std::size_t k = 0; k < 4; ++k) g[k].assign(p[k].size(), 0);
        double total = 0;
        numbers h(hidden), z(out), dh(hidden);
        for (std::size_t r = 0; r < n; ++r) {
            for (std::size_t j = 0; j < hidden; ++j) {
                double s = p[1][j];
                for (std::size_t i = 0; i < in; ++i) s += x[r * in + i] * p[0][i * hidden + j];
                h[j] = std::tanh(s);
            }
            double largest = -1e300, sum = 0;
            for (std::size_t j = 0; j < out; ++j) {
                z[j] = p[3][j];
                for (std::size_t i = 0; i < hidden; ++i) z[j] += h[i] * p[2][i * out + j];
                largest = std::max(largest, z[j]);
            }
            const auto label = static_cast<std::size_t>(labels[r]);
            for (std::size_t j = 0; j < out; ++j) sum += std::exp(z[j] - largest);
            total += largest + std::log(sum) - z[label];
            std::fill(dh.begin(), dh.end(), 0);
            for (std::size_t j = 0; j < out; ++j) {
                const double dz = (std::exp(z[j] - largest) / sum - (j == label ? 1 : 0)) / static_cast<double>(n);
                g[3][j] += dz;
                for (std::size_t i = 0; i < hidden; ++i) {
                    g[2][i * out + j] += h[i] * dz;
                    dh[i] += p[2][i * out + j] * dz;
                }
            }
            for (std::size_t j = 0; j < hidden; ++j) {
                const double da = dh[j] * (1 - h[j] * h[j]);
                g[1][j] += da;
                for (std::size_t i = 0; i < in; ++i) g[0][i * hidden + j] += x[r * in + i] * da;
            }
        }
        return total / static_cast<double>(n);
    }
};

/// Changes parameters w along gradients g; called once for each step. State is in the closure.
using plain_optimizer = std::function<void(std::array<numbers, 4>& w, const std::array<numbers, 4>& g)>;

inline plain_optimizer plain_sgd(double rate) {
    return [=](auto& w, const auto& g) {
        for (std::size_t k = 0; k < 4; ++k)
            for (std::size_t i = 0; i < w[k].size(); ++i) w[k][i] -= rate * g[k][i];
    };
}
inline plain_optimizer plain_momentum(double rate, double m, bool nesterov) {
    return [=, v = std::array<numbers, 4>{}](auto& w, const auto& g) mutable {
        for (std::size_t k = 0; k < 4; ++k) {
            v[k].resize(w[k].size());
            for (std::size_t i = 0; i < w[k].size(); ++i) {
                const double step = rate * g[k][i];
                v[k][i] = m * v[k][i] - step;
                w[k][i] += nesterov ? m * v[k][i] - step : v[k][i];
            }
        }
    };
}
inline plain_optimizer plain_adam(double rate, double b1, double b2, double eps) {
    return [=, m = std::array<numbers, 4>{}, v = std::array<numbers, 4>{}, t = 0.0](auto& w, const auto& g) mutable {
        t += 1;
        const double a = rate * std::sqrt(1 - std::pow(b2, t)) / (1 - std::pow(b1, t));
        for (std::size_t k = 0; k < 4; ++k) {
            m[k].resize(w[k].size());
            v[k].resize(w[k].size());
            for (std::size_t i = 0; i < w[k].size(); ++i) {
                m[k][i] = b1 * m[k][i] + (1 - b1) * g[k][i];
                v[k][i] = b2 * v[k][i] + (1 - b2) * g[k][i] * g[k][i];
                w[k][i] -= a * m[k][i] / (std::sqrt(v[k][i]) + eps);
            }
        }
    };
}

/// The largest |a - b| / (1 + |b|).
template <class A>
double largest_difference(const A& a, const numbers& b) {
    double r = static_cast<std::size_t>(a.size()) == b.size() ? 0 : 1e300;
    for (std::size_t i = 0; i < b.size() && r < 1e300; ++i)
        r = std::max(r, std::abs(static_cast<double>(a.data()[i]) - b[i]) / (1 + std::abs(b[i])));
    return r;
}

}  // namespace kiln::testing

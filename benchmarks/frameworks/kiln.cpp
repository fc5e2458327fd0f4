// kiln's side of run.py: the same work as rivals.py, by the same protocol.
//   kiln_side FOLDER --export    writes data.npz (inputs and first weights) and the models for ONNX Runtime to FOLDER
//   kiln_side FOLDER [NAME]      tells a result of each kind of work as JSON; then, for each name that comes in, the least time of a call
#include <kiln/io/npz.hpp>
#include <kiln/io/onnx.hpp>
#include <kiln/kiln.hpp>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>

#include "../lenet.hpp"

using namespace kiln;

constexpr i64 n_elements = 100'000, n_samples = 64, n_rows = 1024;

constexpr auto numbers_in = placeholder<"x", float, n_elements>;
constexpr auto formula = tanh(2_c * numbers_in + 0.5_c) * 1.5_c + numbers_in / (1_c + numbers_in * numbers_in);
constexpr auto matrix = placeholder<"rows", float, n_rows, n_rows>;
constexpr auto soft = softmax(matrix);

template <i64 N>
constexpr auto images = placeholder<"images", float, N, 784>;
constexpr auto labels = placeholder<"labels", std::int32_t, n_samples>;
template <i64 N>
constexpr auto perceptron = nn::dense<10, "readout">(relu(nn::dense<128, "hidden">(images<N>)));
constexpr auto perceptron_loss = mean(softmax_cross_entropy(perceptron<n_samples>, labels));
constexpr auto lenet = trace([](value h) { return lenet_logits(h); }, images<n_samples>);
constexpr auto lenet_loss = mean(softmax_cross_entropy(lenet, labels));

struct data {
    tensor<float, n_elements> x, out;
    tensor<float, n_samples, 784> images;
    tensor<float, 1, 784> image;
    tensor<std::int32_t, n_samples> labels;
    data() {
        for (i64 k = 0; k < n_elements; ++k) x(k) = static_cast<float>(k * 7919 % 8001) / 1000 - 4;
        for (i64 k = 0; k < images.size(); ++k) images.data()[k] = static_cast<float>(k * 7907 % 1009) / 1009;
        for (i64 k = 0; k < n_samples; ++k) labels(k) = static_cast<std::int32_t>(k * 7 % 10);
        for (i64 k = 0; k < 784; ++k) image(0, k) = images(0, k);
    }
};

struct matrices {   // 8 MB, which a process that does other work has no use for
    tensor<float, n_rows, n_rows> rows, soft;
    matrices() {
        for (i64 k = 0; k < rows.size(); ++k) rows.data()[k] = static_cast<float>(k * 104729 % 8009) / 1000 - 4;
    }
};

/// One kind of work: a call, and a number that its result comes to.
struct kind {
    std::function<void()> call;
    std::function<double()> result;
};

double sum_of(auto& t) {
    double r = 0;
    for (const float e : t) r += static_cast<double>(e) * static_cast<double>(e);
    return r;
}

double least_seconds(const std::function<void()>& call) {
    using clock = std::chrono::steady_clock;
    const auto seconds = [&](long calls) {
        const auto start = clock::now();
        for (long k = 0; k < calls; ++k) call();
        return std::chrono::duration<double>(clock::now() - start).count();
    };
    long calls = 1;
    while (seconds(calls) < 2e-3) calls *= 2;
    double least = HUGE_VAL;
    for (int round = 0; round < 15; ++round) least = std::fmin(least, seconds(calls) / static_cast<double>(calls));
    return least;
}

int main(int argc, char** argv) {
    if (argc < 2) return std::fputs("usage: kiln_side FOLDER [--export | NAME]\n", stderr), 2;
    const std::string folder = argv[1], only = argc > 2 ? argv[2] : "";
    auto map = function(inputs(numbers_in), formula);
    auto rows_of = function(inputs(matrix), soft);
    auto infer = function(inputs(images<1>), perceptron<1>);
    auto step = function(inputs(images<n_samples>, labels), perceptron_loss, updates(nn::sgd(perceptron_loss, 0.01_c)));
    auto lenet_step = function(inputs(images<n_samples>, labels), lenet_loss, updates(nn::sgd(lenet_loss, 0.01_c)));
    session net(infer, step);
    session convolutional(lenet_step);
    net.initialize(1);
    convolutional.initialize(2);
    const bool writes = only == "--export";
    static data d;
    std::unique_ptr<matrices> m;
    if (only.empty() || only == "softmax" || writes) m = std::make_unique<matrices>();
    static tensor<float, 1, 10> scores;
    static float loss;
    if (writes) {
        io::onnx::save(folder + "/map.onnx", map);
        io::onnx::save(folder + "/softmax.onnx", rows_of);
        io::onnx::save(folder + "/inference.onnx", infer, net);
        std::vector<io::named_array> arrays{{"x", d.x}, {"rows", m->rows}, {"images", d.images}, {"labels", d.labels}};
        const auto put = [&](const std::string& model, auto& s) {
            for (const stored_variable& v : s.rows()) {
                std::size_t bytes = static_cast<std::size_t>(size_of(v.type));
                for (const i64 e : v.shape) bytes *= static_cast<std::size_t>(e);
                arrays.emplace_back(model + "/" + v.name, v.type, v.shape, std::span(static_cast<const unsigned char*>(v.data), bytes));
            }
        };
        put("perceptron", net);
        put("lenet", convolutional);
        io::save_npz(folder + "/data.npz", arrays);
        return 0;
    }
    const auto loss_of = [] { return static_cast<double>(loss); };
    std::map<std::string, kind> kinds{
        {"map", {[&] { map.into(d.out)(d.x); }, [&] { return sum_of(d.out); }}},
        {"softmax", {[&] { rows_of.into(m->soft)(m->rows); }, [&] { return sum_of(m->soft); }}},
        {"inference", {[&] { infer.into(scores)(net, d.image); }, [&] { return sum_of(scores); }}},
        {"mlp_step", {[&] { step.into(loss)(net, d.images, d.labels); }, loss_of}},
        {"lenet_step", {[&] { lenet_step.into(loss)(convolutional, d.images, d.labels); }, loss_of}},
    };
    std::string told = "{\"version\": \"" + std::string(version) + "\", \"results\": {";
    for (const auto& [name, k] : kinds) {
        if (!only.empty() && name != only) continue;
        for (int n = 0; n < 3; ++n) k.call();
        char text[100];
        std::snprintf(text, sizeof text, "%s\"%s\": %.9g", told.back() == '{' ? "" : ", ", name.c_str(), k.result());
        told += text;
    }
    std::cout << told << "}}" << std::endl;
    for (std::string name; std::getline(std::cin, name);) std::cout << least_seconds(kinds.at(name).call) << std::endl;
}

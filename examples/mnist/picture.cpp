#include "picture.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>

#include <kiln/core/error.hpp>

#include "canvas.hpp"
#include "text.hpp"

namespace mnist {

namespace detail {
namespace {

constexpr colour white{255, 255, 255}, ink{33, 37, 41}, grey{108, 117, 125}, pale{229, 232, 236}, blue{31, 95, 191},
    orange{226, 115, 20}, red{201, 42, 42};

/// 1, 2 or 5 times a power of ten: the smallest step that cuts `range` into at most `most` parts.
double nice_step(double range, int most) {
    const double power = std::pow(10, std::floor(std::log10(range / most)));
    for (const double factor : {1.0, 2.0, 5.0})
        if (range / (factor * power) <= most * (1 + 1e-9)) return factor * power;
    return 10 * power;
}

/// A number as an axis shows it: no zeros behind.
std::string short_number(double number) { return formatted("%.4g", number); }

/// The running mean of the losses over some hundredth of the training; a loss that is not finite leaves a gap.
std::vector<double> smooth(std::span<const float> loss) {
    const double keep = 1 - 1 / std::max(1.0, static_cast<double>(loss.size()) / 100);
    double sum = 0, weight = 0;
    std::vector<double> result;
    for (const float value : loss) {
        if (!std::isfinite(value)) {
            result.push_back(std::nan(""));   // a gap in the curve
            continue;
        }
        sum = keep * sum + static_cast<double>(value);
        weight = keep * weight + 1;
        result.push_back(sum / weight);
    }
    return result;
}

/// The loss curve, and the accuracy on an axis of its own, in the rectangle from `corner`.
class loss_plot {
public:
    loss_plot(canvas& on, const history& run, point corner, double width, double height)
        : on_(on), run_(run), smoothed_(smooth(run.loss)), left_(corner.x), top_(corner.y), right_(corner.x + width),
          bottom_(corner.y + height), steps_(std::max(1.0, static_cast<double>(run.loss.size()))) {
        choose_loss_range();
        draw_loss_axis();
        draw_step_axis();
        curve(run.loss.size(), [&](std::size_t i) { return static_cast<double>(run_.loss[i]); }, 1, 0.22);
        curve(smoothed_.size(), [&](std::size_t i) { return smoothed_[i]; }, 2.5, 1);
        if (!run.accuracy.empty()) draw_accuracy();
        draw_legend();
    }

private:
    double x_of(double step) const { return left_ + (right_ - left_) * step / steps_; }
    double y_of(double loss) const {
        const double share = (std::log(std::max(loss, 1e-12)) - std::log(low_)) / (std::log(high_) - std::log(low_));
        return bottom_ - (bottom_ - top_) * std::clamp(share, 0.0, 1.0);
    }

    // The axis is logarithmic: a loss falls by orders of magnitude. The curve decides, the noise around it may be cut.
    void choose_loss_range() {
        low_ = 1e12, high_ = 1e-12;
        for (const double value : smoothed_)
            if (value > 0) {
                low_ = std::min(low_, value);
                high_ = std::max(high_, value);
            }
        if (low_ > high_) low_ = 0.1, high_ = 1;
        low_ = std::max(low_ / 2, high_ / 1e6);
        high_ *= 1.25;
    }

    void draw_loss_axis() {
        const bool few = high_ / low_ < 2000;
        for (int power = static_cast<int>(std::floor(std::log10(low_))); std::pow(10, power) <= high_; ++power)
            for (const int factor : {1, 2, 5}) {
                const double value = factor * std::pow(10, power);
                if (value < low_ || value > high_ || (!few && factor != 1)) continue;
                on_.line({left_, y_of(value)}, {right_, y_of(value)}, 1, pale);
                on_.text({left_ - 10, y_of(value) + 7}, short_number(value), 2, grey, align::right);
            }
    }

    void draw_step_axis() {
        on_.line({left_, bottom_}, {right_, bottom_}, 1.5, grey);
        on_.line({left_, top_}, {left_, bottom_}, 1.5, grey);
        const double gap = std::max(1.0, nice_step(steps_, 8));
        for (double step = 0; step <= steps_; step += gap) {
            on_.line({x_of(step), bottom_}, {x_of(step), bottom_ + 6}, 1.5, grey);
            on_.text({x_of(step), bottom_ + 26}, with_commas(std::lround(step)), 2, grey, align::centre);
        }
        on_.text({(left_ + right_) / 2, bottom_ + 54}, "training step", 2, grey, align::centre);
    }

    void curve(std::size_t count, const std::function<double(std::size_t)>& value, double thickness, double share) {
        const auto place = [&](std::size_t i) { return point{x_of(static_cast<double>(i + 1)), y_of(value(i))}; };
        std::vector<segment> lines;
        for (std::size_t i = 0; i < count; ++i)
            if (std::isfinite(value(i)))
                lines.push_back({place(i), i + 1 < count && std::isfinite(value(i + 1)) ? place(i + 1) : place(i)});
        on_.stroke(lines, thickness, blue, share);
    }

    void draw_accuracy() {
        double worst = 1;
        for (const auto& [step, value] : run_.accuracy) worst = std::min(worst, std::clamp(value, 0.0, 1.0));
        const double gap = nice_step(std::max(100 - 100 * worst, 1.0), 5);
        const double lowest = std::max(0.0, 100 - gap * std::ceil((100 - 100 * worst) / gap + 1e-9));
        const auto y = [&](double percent) {
            return bottom_ - (bottom_ - top_ - 16) * (percent - lowest) / (100 - lowest);
        };
        for (double percent = lowest; percent <= 100 + 1e-9; percent += gap) {
            on_.line({right_, y(percent)}, {right_ + 6, y(percent)}, 1.5, orange);
            on_.text({right_ + 12, y(percent) + 7}, short_number(percent) + " %", 2, orange);
        }
        on_.line({right_, top_}, {right_, bottom_}, 1.5, orange);

        std::vector<segment> lines, dots;
        for (const auto& [step, value] : run_.accuracy) {
            if (!std::isfinite(value)) continue;
            const point here{x_of(static_cast<double>(step)), y(100 * std::clamp(value, 0.0, 1.0))};
            if (!dots.empty()) lines.push_back({dots.back().to, here});
            dots.push_back({here, here});
        }
        on_.stroke(lines, 2, orange);
        on_.stroke(dots, 9, orange);
    }

    void draw_legend() {
        const double base = top_ - 16;
        on_.line({left_ + 2, base - 6}, {left_ + 30, base - 6}, 3, blue);
        const double width = on_.text({left_ + 40, base}, "training loss", 2, ink);
        if (run_.accuracy.empty()) return;
        const double x = left_ + 40 + width + 36;
        on_.line({x, base - 6}, {x + 28, base - 6}, 2, orange);
        on_.line({x + 14, base - 6}, {x + 14, base - 6}, 9, orange);
        on_.text({x + 38, base}, "accuracy on held-back digits", 2, ink);
    }

    canvas& on_;
    const history& run_;
    std::vector<double> smoothed_;
    double left_, top_, right_, bottom_, steps_, low_ = 0, high_ = 0;
};

}  // namespace
}  // namespace detail

void write_picture(const std::string& path, const history& run, std::span<const float> images,
                          std::span<const std::int32_t> labels, std::span<const std::int32_t> predictions) {
    constexpr int side = 28, pixels = side * side, scale = 3, cell = side * scale;
    constexpr int columns = 10, most = 12 * columns, margin = 48, width = 1200, plot_height = 340;
    constexpr int grid_top = 112 + plot_height + 150, row_height = cell + 44;
    if (predictions.size() != labels.size() || images.size() != labels.size() * pixels)
        throw kiln::error("write_picture: expected one image and one prediction for each of " + std::to_string(labels.size()) +
                          " labels, but there are " + std::to_string(images.size() / pixels) + " and " +
                          std::to_string(predictions.size()));

    std::vector<std::size_t> misread;
    for (std::size_t i = 0; i < labels.size(); ++i)
        if (labels[i] != predictions[i]) misread.push_back(i);
    const auto shown = static_cast<int>(std::min<std::size_t>(misread.size(), most));

    canvas page(width, grid_top + (shown + columns - 1) / columns * row_height + margin - 20, detail::white);
    page.text({margin, 64}, run.accuracy.empty() ? "Training loss" : "Loss and accuracy", 3, detail::ink);
    detail::loss_plot(page, run, {margin + 66, 124}, width - 2 * margin - 66 - 80, plot_height);

    const auto count = [](std::size_t n) { return with_commas(static_cast<kiln::i64>(n)); };
    const double title = page.text({margin, grid_top - 34}, "Misread digits", 3, detail::ink);
    page.text({margin + title + 24, grid_top - 34},
              count(misread.size()) + " of " + count(labels.size()) +
                  (misread.size() > most ? ", the first " + std::to_string(most) : "") + "   (digit -> read as)",
              2, detail::grey);
    const double gap = static_cast<double>(width - 2 * margin - columns * cell) / (columns - 1);
    for (int k = 0; k < shown; ++k) {
        const std::size_t i = misread[static_cast<std::size_t>(k)];
        const int x = margin + static_cast<int>(std::lround((k % columns) * (cell + gap)));
        const int y = grid_top + k / columns * row_height;
        page.image(x, y, images.subspan(i * pixels, pixels), side, scale, detail::ink);
        const double l = x, t = y, r = x + cell, b = y + cell;
        const segment frame[] = {{{l, t}, {r, t}}, {{r, t}, {r, b}}, {{r, b}, {l, b}}, {{l, b}, {l, t}}};
        page.stroke(frame, 1, detail::pale);
        const std::string truth = std::to_string(labels[i]) + " -> ", wrong = std::to_string(predictions[i]);
        const double start = x + (cell - canvas::text_width(truth + wrong, 2)) / 2;
        page.text({start, b + 22}, truth, 2, detail::ink);
        page.text({start + canvas::text_width(truth + wrong, 2), b + 22}, wrong, 2, detail::red, align::right);
    }
    page.save(path);
}

}  // namespace mnist

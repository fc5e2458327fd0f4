// A picture in memory: smooth lines, text, grey images; saved as PNG.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kiln/core/tensor.hpp>
#include <kiln/io/png.hpp>

#include "font.hpp"

namespace mnist {

struct colour {
    std::uint8_t red, green, blue;
};
struct point {
    double x, y;
};
struct segment {
    point from, to;
};
enum class align { left, centre, right };

class canvas {
public:
    canvas(int width, int height, colour paper)
        : width_(width), height_(height), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), paper) {}

    int width() const { return width_; }
    int height() const { return height_; }

    /// Mixes `ink` into one pixel; outside the canvas nothing happens.
    void blend(int x, int y, colour ink, double share) {
        if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
        colour& pixel = pixels_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) + static_cast<std::size_t>(x)];
        const auto mix = [share](std::uint8_t& old, std::uint8_t ink_part) {
            old = static_cast<std::uint8_t>(std::lround(old + share * (ink_part - old)));
        };
        mix(pixel.red, ink.red);
        mix(pixel.green, ink.green);
        mix(pixel.blue, ink.blue);
    }

    /// Draws lines with round ends. A pixel takes the ink of the nearest line alone, so that joints are not darker.
    void stroke(std::span<const segment> lines, double thickness, colour ink, double share = 1) {
        if (lines.empty()) return;
        const double reach = thickness / 2 + 0.5;
        double left = width_, right = 0, top = height_, bottom = 0;
        for (const auto& [a, b] : lines) {
            left = std::min({left, a.x, b.x});
            right = std::max({right, a.x, b.x});
            top = std::min({top, a.y, b.y});
            bottom = std::max({bottom, a.y, b.y});
        }
        const auto first = [&](double low) { return std::max(0, static_cast<int>(std::floor(low - reach))); };
        const auto last = [&](double high, int size) { return std::min(size - 1, static_cast<int>(std::ceil(high + reach))); };
        const int x0 = first(left), x1 = last(right, width_), y0 = first(top), y1 = last(bottom, height_);
        if (x1 < x0 || y1 < y0) return;

        const auto row = static_cast<std::size_t>(x1 - x0 + 1);
        std::vector<float> cover(row * static_cast<std::size_t>(y1 - y0 + 1));
        const auto at = [&](int x, int y) -> float& {
            return cover[static_cast<std::size_t>(y - y0) * row + static_cast<std::size_t>(x - x0)];
        };
        for (const auto& [a, b] : lines)
            for (int y = first(std::min(a.y, b.y)); y <= last(std::max(a.y, b.y), height_); ++y)
                for (int x = first(std::min(a.x, b.x)); x <= last(std::max(a.x, b.x), width_); ++x) {
                    const double inside = reach - distance({x + 0.5, y + 0.5}, a, b);
                    at(x, y) = std::max(at(x, y), static_cast<float>(std::clamp(inside, 0.0, 1.0)));
                }
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x)
                if (at(x, y) > 0) blend(x, y, ink, share * static_cast<double>(at(x, y)));
    }

    void line(point from, point to, double thickness, colour ink, double share = 1) {
        const segment one[] = {{from, to}};
        stroke(one, thickness, ink, share);
    }

    /// Writes text with its base line at `where`; `size` is the size of one dot of the font. The dots of a
    /// character are joined by strokes, so that it is smooth at any size. Returns the width.
    double text(point where, std::string_view words, double size, colour ink, align edge = align::left) {
        const double width = text_width(words, size);
        double x = where.x - (edge == align::left ? 0 : edge == align::centre ? width / 2 : width) + size / 2;
        std::vector<segment> lines;
        for (const char character : words) {
            const glyph shape(character);
            const auto place = [&](int column, int row) {
                return point{x + size * (column - shape.first), where.y + size * (row - 6.5)};
            };
            for (int r = 0; r < 9; ++r)
                for (int c = 0; c < 5; ++c) {
                    if (!shape.at(c, r)) continue;
                    const bool right = shape.at(c + 1, r), below = shape.at(c, r + 1), left = shape.at(c - 1, r);
                    lines.push_back({place(c, r), place(c, r)});
                    if (right) lines.push_back({place(c, r), place(c + 1, r)});
                    if (below) lines.push_back({place(c, r), place(c, r + 1)});
                    if (!right && !below && shape.at(c + 1, r + 1)) lines.push_back({place(c, r), place(c + 1, r + 1)});
                    if (!left && !below && shape.at(c - 1, r + 1)) lines.push_back({place(c, r), place(c - 1, r + 1)});
                }
            x += size * advance(shape);
        }
        stroke(lines, size, ink);
        return width;
    }

    static double text_width(std::string_view words, double size) {
        double columns = 0;
        for (const char character : words) columns += advance(glyph(character));
        return size * std::max(columns - 1, 0.0);
    }

    /// Draws an image of `side` x `side` numbers, 0 is paper and 1 is ink, `scale` times as large.
    void image(int left, int top, std::span<const float> values, int side, int scale, colour ink) {
        const auto value = [&](int row, int column) {
            const bool inside = row >= 0 && column >= 0 && row < side && column < side;
            return inside ? static_cast<double>(values[static_cast<std::size_t>(row * side + column)]) : 0.0;
        };
        for (int y = 0; y < side * scale; ++y)
            for (int x = 0; x < side * scale; ++x) {
                const double v = (y + 0.5) / scale - 0.5, u = (x + 0.5) / scale - 0.5;
                const int row = static_cast<int>(std::floor(v)), column = static_cast<int>(std::floor(u));
                const double down = v - row, across = u - column;
                const double upper = value(row, column) * (1 - across) + value(row, column + 1) * across;
                const double lower = value(row + 1, column) * (1 - across) + value(row + 1, column + 1) * across;
                blend(left + x, top + y, ink, std::clamp(upper * (1 - down) + lower * down, 0.0, 1.0));
            }
    }

    /// Writes the picture as PNG; the file is there whole or not at all.
    void save(const std::filesystem::path& path) const {
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(pixels_.data());
        kiln::io::write_png(path, kiln::tensor_view<const std::uint8_t, kiln::dynamic, kiln::dynamic, 3>(bytes, height_, width_));
    }

private:
    static_assert(sizeof(colour) == 3);   // a row of them is a row of bytes

    static double distance(point p, point a, point b) {
        const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
        const double t = length > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0) : 0.0;
        return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
    }

    /// Columns from one character to the next.
    static double advance(const glyph& shape) { return shape.last < 0 ? 4 : shape.last - shape.first + 2; }

    int width_, height_;
    std::vector<colour> pixels_;
};

}  // namespace mnist

// How long the nodes of a graph took, for TensorBoard's graph page. Needs protozero.
#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "kiln/core/types.hpp"
#include "kiln/io/event_messages.hpp"

namespace kiln::io::tensorboard {

/// The times of one step's nodes on one device; a node may come several times, TensorBoard adds them up:
///
///     node_times times;
///     times.add("layer/matmul", start, duration, 4096);
///     w.run_metadata("step 10", 10, times.run_metadata());
class node_times {
public:
    /// Throws `value_error` where the name is empty or not UTF-8.
    explicit node_times(std::string_view device = "/device:CPU:0") {
        detail::message<detail::device_field> d(device_);
        detail::add_name(d, detail::device_field::device, device);
    }

    /// A node that ran from `start`, in microseconds since whatever moment, and took memory for so many bytes. A `duration` is
    /// counted in whole microseconds, at least one: TensorBoard leaves out what took none. Throws `value_error` where the name is
    /// empty or not UTF-8, or a time is negative or not finite.
    void add(std::string_view node, double start, double duration, i64 bytes = 0) {
        constexpr double most = 9e18;   // an i64 holds it
        if (!(start >= 0 && start < most && duration >= 0 && duration < most))
            throw value_error("tensorboard: expected a start and a duration from 0, got " + std::to_string(start) + " and " +
                              std::to_string(duration) + " for " + in_quotes(node));
        // A 0 would not be in the message, and TensorBoard would count with what is not there.
        const auto whole = [](double micros) { return std::max(i64{1}, static_cast<i64>(std::round(micros))); };
        const i64 end = whole(duration);
        using detail::node_field;
        detail::message<detail::device_field> d(device_);
        detail::message<node_field> n(d, detail::device_field::node_stats);
        detail::add_name(n, node_field::node_name, node);   // first: protozero takes a message back that is empty
        n.add_int64(node_field::all_start_micros, whole(start));
        n.add_int64(node_field::op_start_rel_micros, 0);
        n.add_int64(node_field::op_end_rel_micros, end);
        n.add_int64(node_field::all_end_rel_micros, end);
        if (bytes != 0) {
            detail::message<detail::memory_field> memory(n, node_field::memory);
            memory.add_string(detail::memory_field::allocator_name, "kiln");
            memory.add_int64(detail::memory_field::total_bytes, bytes);
        }
    }

    /// The times so far as a serialized RunMetadata. Those of several devices are one behind the other.
    std::string run_metadata() const {
        std::string bytes;
        detail::message<detail::run_metadata_field> metadata(bytes);
        detail::message<detail::step_stats_field> steps(metadata, detail::run_metadata_field::step_stats);
        steps.add_message(detail::step_stats_field::dev_stats, device_);
        return bytes;
    }

private:
    std::string device_;   // a DeviceStepStats
};

}  // namespace kiln::io::tensorboard

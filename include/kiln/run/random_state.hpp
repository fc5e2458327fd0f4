// What the random nodes of a session, or of a function that is called without one, draw from: two seeds and a step.
#pragma once
#include <sys/random.h>   // <random> costs a tenth of what all of kiln does

#include <kiln/core/error.hpp>
#include <kiln/graph/frozen.hpp>
#include <kiln/ops/random.hpp>

namespace kiln {

/// Which number of the state a leaf of a plan is; -1: none.
constexpr int random_leaf_of(const graph_view& g, const node& x) {
    return x.op == &seed_op ? static_cast<int>(g.at(x.attrs, 0)) : x.op == &step_op ? 2 : -1;
}

/// The random state of a session, and of a function: its calls without a session draw from that. Each call with random nodes is
/// a step of its own, whichever function of the session is called. Initial values do not depend on it: they have the seed that
/// initialize(seed) is given. A checkpoint does not hold it; seed(seed, steps) goes on where it was.
class random_state {
public:
    static constexpr u64 unseeded_with = 87654321;   // TensorFlow's, for nodes that have a seed in a session that has none

    random_state() = default;
    /// A copy of what is seeded draws the same; else each draws its own.
    random_state(const random_state& o) { *this = o; }
    random_state& operator=(const random_state& o) {
        if (o.seeded) seed(o.numbers[0], o.numbers[2]);
        else *this = random_state();
        frozen = o.frozen;
        return *this;
    }
    random_state(random_state&&) = default;
    random_state& operator=(random_state&&) = default;

    /// From now on what random nodes draw follows from this seed and their own. `steps`: as if so many calls came before.
    void seed(u64 seed, u64 steps = 0) {
        numbers[0] = numbers[1] = seed;
        numbers[2] = steps;
        seeded = drawn = true;
    }
    /// How many calls have drawn.
    u64 random_steps() const { return numbers[2]; }
    /// From now on each call draws what the last one drew (Theano's no_default_updates); before any, what the first would draw.
    void freeze_random() { frozen = true; }
    void thaw_random() { frozen = false; }

    /// A call that draws begins.
    void next_random_step() {
        if (!drawn) {
            if (getentropy(numbers, sizeof numbers[0]) != 0) throw error("kiln: the system has no random bits");
            drawn = true;
        }
        if (!frozen || numbers[2] == 0) ++numbers[2];
    }
    /// Where number k is, for a plan.
    char* random_number(int k) { return reinterpret_cast<char*>(numbers + k); }

private:
    u64 numbers[3]{0, unseeded_with, 0};   // the seed of nodes without one of their own, of those with one, the step
    bool seeded = false, drawn = false, frozen = false;
};

}  // namespace kiln

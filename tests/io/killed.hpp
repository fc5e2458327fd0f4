// A program that is killed at random moments.
#pragma once
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <thread>

/// Runs `work`, which does not end by itself, in a process of its own and kills that within `most`.
template <class Work>
void run_and_kill(std::chrono::microseconds most, std::mt19937& random, Work work) {
    const pid_t child = fork();
    if (child == 0) {
        try {
            work();
        } catch (...) {
        }
        _exit(1);   // it should not have ended
    }
    REQUIRE(child > 0);
    std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<long>(0, most.count())(random)));
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

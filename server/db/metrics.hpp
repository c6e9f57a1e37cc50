#pragma once

#include "base/metrics.hpp"

#include <string>

namespace hermod::db {

/// The metrics of one engine.
struct DbMetrics {
    DbMetrics(Metrics& metrics, std::string const& engine)
        : batches(
              metrics.counter("hermod_db_batches_total", "Committed batches", {{"engine", engine}}))
        , batch_size(metrics.histogram("hermod_db_batch_size", "Lambdas per batch",
              {{"engine", engine}}, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}))
        , commit_seconds(metrics.histogram(
              "hermod_db_commit_seconds", "Time of a COMMIT", {{"engine", engine}}))
        , write_seconds(metrics.histogram("hermod_db_lambda_seconds",
              "Time of a lambda on its database thread", {{"engine", engine}, {"kind", "write"}}))
        , read_seconds(metrics.histogram("hermod_db_lambda_seconds",
              "Time of a lambda on its database thread", {{"engine", engine}, {"kind", "read"}}))
        , write_queue(metrics.gauge("hermod_db_queue_length", "Lambdas that wait",
              {{"engine", engine}, {"kind", "write"}}))
        , read_queue(metrics.gauge("hermod_db_queue_length", "Lambdas that wait",
              {{"engine", engine}, {"kind", "read"}}))
        , reruns(metrics.counter("hermod_db_reruns_total",
              "Lambdas run again because their batch was lost", {{"engine", engine}}))
        , dropped(metrics.counter("hermod_db_dropped_total",
              "Lambdas dropped at their deadline, still queued", {{"engine", engine}}))
        , waits(metrics.counter("hermod_db_waits_total",
              "Times that a batch stood still for an answer of the server", {{"engine", engine}}))
    {
    }

    Counter batches;
    Histogram batch_size;
    Histogram commit_seconds;
    Histogram write_seconds;
    Histogram read_seconds;
    Gauge write_queue;
    Gauge read_queue;
    Counter reruns;
    Counter dropped;
    Counter waits;
};

}

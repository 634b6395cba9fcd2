#pragma once

#include <librdkafka/rdkafka.h>

#include "base/lazy_function.h"

// librdkafka's functions, each under its own name; the library and those that it needs are opened
// at the first call.
namespace millwright::streaming {

const SharedLibrary& KafkaLibrary();

#define MILLWRIGHT_KAFKA(name) \
  inline constinit LazyFunction<decltype(&::name)> name(&KafkaLibrary, #name);

MILLWRIGHT_KAFKA(rd_kafka_assign)
MILLWRIGHT_KAFKA(rd_kafka_assignment_lost)
MILLWRIGHT_KAFKA(rd_kafka_commit)
MILLWRIGHT_KAFKA(rd_kafka_conf_destroy)
MILLWRIGHT_KAFKA(rd_kafka_conf_new)
MILLWRIGHT_KAFKA(rd_kafka_conf_set)
MILLWRIGHT_KAFKA(rd_kafka_conf_set_dr_msg_cb)
MILLWRIGHT_KAFKA(rd_kafka_conf_set_error_cb)
MILLWRIGHT_KAFKA(rd_kafka_conf_set_log_cb)
MILLWRIGHT_KAFKA(rd_kafka_conf_set_opaque)
MILLWRIGHT_KAFKA(rd_kafka_conf_set_rebalance_cb)
MILLWRIGHT_KAFKA(rd_kafka_consumer_close)
MILLWRIGHT_KAFKA(rd_kafka_consumer_poll)
MILLWRIGHT_KAFKA(rd_kafka_destroy)
MILLWRIGHT_KAFKA(rd_kafka_err2str)
MILLWRIGHT_KAFKA(rd_kafka_error_code)
MILLWRIGHT_KAFKA(rd_kafka_error_destroy)
MILLWRIGHT_KAFKA(rd_kafka_error_string)
MILLWRIGHT_KAFKA(rd_kafka_fatal_error)
MILLWRIGHT_KAFKA(rd_kafka_get_watermark_offsets)
MILLWRIGHT_KAFKA(rd_kafka_header_get_all)
MILLWRIGHT_KAFKA(rd_kafka_message_destroy)
MILLWRIGHT_KAFKA(rd_kafka_message_headers)
MILLWRIGHT_KAFKA(rd_kafka_message_timestamp)
MILLWRIGHT_KAFKA(rd_kafka_new)
MILLWRIGHT_KAFKA(rd_kafka_poll)
MILLWRIGHT_KAFKA(rd_kafka_poll_set_consumer)
MILLWRIGHT_KAFKA(rd_kafka_produceva)
MILLWRIGHT_KAFKA(rd_kafka_purge)
MILLWRIGHT_KAFKA(rd_kafka_subscribe)
MILLWRIGHT_KAFKA(rd_kafka_topic_name)
MILLWRIGHT_KAFKA(rd_kafka_topic_partition_list_add)
MILLWRIGHT_KAFKA(rd_kafka_topic_partition_list_destroy)
MILLWRIGHT_KAFKA(rd_kafka_topic_partition_list_new)

#undef MILLWRIGHT_KAFKA

}  // namespace millwright::streaming

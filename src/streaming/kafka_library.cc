#include "streaming/kafka_library.h"

namespace millwright::streaming {

const SharedLibrary& KafkaLibrary() {
  static const SharedLibrary library("librdkafka", {"librdkafka.so.1"}, "install librdkafka1");
  return library;
}

}  // namespace millwright::streaming

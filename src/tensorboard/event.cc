#include "tensorboard/event.h"

#include <bit>
#include <cmath>

#include "base/error.h"
#include "base/protobuf_reader.h"

namespace millwright::tensorboard {
namespace {

using Field = ProtobufReader::Field;
using WireType = ProtobufReader::WireType;

double DoubleOf(const Field& field) {
  if (field.type != WireType::kFixed64) throw InvalidArgument("a double has another wire type");
  return std::bit_cast<double>(field.value);
}

double FloatOf(const Field& field) {
  if (field.type != WireType::kFixed32) throw InvalidArgument("a float has another wire type");
  return std::bit_cast<float>(static_cast<uint32_t>(field.value));
}

void ParseMetadata(std::string_view bytes, SummaryValue* value) {
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number != 1) continue;
    ProtobufReader plugin(field->Bytes());
    while (const auto part = plugin.Next()) {
      if (part->number == 1) value->plugin = part->Bytes();
      if (part->number == 2) value->plugin_content = part->Bytes();
    }
  }
}

SummaryValue ParseValue(std::string_view bytes) {
  SummaryValue value;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    switch (field->number) {
      case 1:
        value.tag = field->Bytes();
        break;
      case 2:
        value.simple_value = FloatOf(*field);
        break;
      case 4:
        value.image = field->Bytes();
        break;
      case 5:
        value.histogram = field->Bytes();
        break;
      case 6:
        value.audio = field->Bytes();
        break;
      case 8:
        value.tensor = field->Bytes();
        break;
      case 9:
        ParseMetadata(field->Bytes(), &value);
        break;
      default:
        break;
    }
  }
  return value;
}

void ParseSummary(std::string_view bytes, std::vector<SummaryValue>* values) {
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    if (field->number != 1) continue;
    if (values->size() == kValuesPerEventMax) throw InvalidArgument("an event has too many values");
    values->push_back(ParseValue(field->Bytes()));
  }
}

SessionStatus ParseSession(std::string_view bytes) {
  int64_t status = 0;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next())
    if (field->number == 1) status = field->Int();
  return status >= 1 && status <= 3 ? static_cast<SessionStatus>(status) : SessionStatus::kNone;
}

}  // namespace

Event ParseEvent(std::string_view bytes) {
  Event event;
  ProtobufReader reader(bytes);
  while (const auto field = reader.Next()) {
    switch (field->number) {
      case 1:
        event.wall_time = DoubleOf(*field);
        break;
      case 2:
        event.step = field->Int();
        break;
      case 3:
        event.file_version = field->Bytes();
        break;
      case 4:
      case 9:
        event.unshown = "graph";
        break;
      case 5:
        ParseSummary(field->Bytes(), &event.values);
        break;
      case 6:
        event.unshown = "log message";
        break;
      case 7:
        event.session = ParseSession(field->Bytes());
        break;
      case 8:
        event.unshown = "run metadata";
        break;
      default:
        break;
    }
  }
  return event;
}

int64_t WallTimeMs(const Event& event) {
  constexpr double kSecondsMax = 253402300799;  // the end of the year 9999
  if (!(event.wall_time > 0)) return 0;
  return std::llround(std::min(event.wall_time, kSecondsMax) * 1000);
}

}  // namespace millwright::tensorboard

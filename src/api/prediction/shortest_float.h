#pragma once

namespace millwright::api::prediction {

inline constexpr int kFloatBytesMax = 16;  // of a float's text, "-1.2345678e-38" among them

// Writes a float as std::to_chars does, the shortest text that reads back as the same float, in a
// third of its time; returns the end. There is room for kFloatBytesMax.
char* WriteShortest(float value, char* to);

}  // namespace millwright::api::prediction

// The unwind record of a region as DWARF, registered with libgcc's unwinder.
#include <unwind.h>

#include <cstring>

#include "call/processor.h"
#include "call/unwind.h"

// libgcc's registry of unwind records (unwind-dw2-fde.c): takes the start of an .eh_frame section, and room for
// its entry. (__register_frame takes that room from malloc, and writes into it whether there is any or not.)
extern "C" void __register_frame_info(const void* begin, void* entry);
extern "C" void* __deregister_frame_info(const void* begin);
// (unwind.cpp)
extern "C" _Unwind_Reason_Code ferry_code_personality(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                                                      _Unwind_Exception* exception, _Unwind_Context* context);

namespace ferry::call {

namespace {

constexpr uint8_t kDwCfaDefCfa = 0x0c, kDwCfaOffset = 0x80, kDwEhPeAbsptr = 0;

// Writes DWARF records, padded to 8 bytes with DW_CFA_nop (0).
class RecordWriter {
 public:
  explicit RecordWriter(uint8_t* to) : start_(to), at_(to) {}
  void u8(uint8_t v) { *at_++ = v; }
  void u32(uint32_t v) { put(&v, sizeof v); }
  void pointer(const void* v) { put(&v, sizeof v); }
  void length(size_t v) { put(&v, sizeof v); }
  void text(const char* v) { put(v, std::strlen(v) + 1); }
  size_t size() const { return static_cast<size_t>(at_ - start_); }
  void begin() {
    length_at_ = at_;
    u32(0);
  }
  void end() {
    while (size() % 8) u8(0);
    uint32_t length = uint32_t(at_ - length_at_ - 4);
    std::memcpy(length_at_, &length, sizeof length);
  }

 private:
  void put(const void* v, size_t bytes) {
    std::memcpy(at_, v, bytes);
    at_ += bytes;
  }
  uint8_t* start_;
  uint8_t* at_;
  uint8_t* length_at_ = nullptr;
};

constexpr uint8_t kWord = sizeof(void*);

// DW_CFA_offset: `reg` is saved at CFA - kWord * slots.
void saved_at(RecordWriter& out, uint8_t reg, uint8_t slots) {
  out.u8(kDwCfaOffset | reg);
  out.u8(slots);
}

// The frame of FrameShape, in CFA terms.
void frame_rules(RecordWriter& out, const Processor& processor, FrameShape shape) {
  out.u8(kDwCfaDefCfa);
  out.u8(processor.frame_register);
  out.u8(2 * kWord);
  uint8_t slots = 0;
  saved_at(out, processor.return_column, ++slots);
  saved_at(out, processor.frame_register, ++slots);
  for (uint8_t reg : processor.saved.first(size_t{shape.saved} * processor.saved_group)) saved_at(out, reg, ++slots);
  if (!shape.rdi_rsi) return;
  for (uint8_t reg : processor.rdi_rsi) saved_at(out, reg, ++slots);
}

}  // namespace

// LSB 5.0 core, 10.6 (.eh_frame): one CIE, one FDE over the whole region, terminator.
UnwindRecord::UnwindRecord(const uint8_t* begin, size_t bytes, FrameShape shape) {
  const Processor& processor = host_processor();
  const bool lands = shape.lands_exceptions;
  RecordWriter out(bytes_);
  out.begin();
  out.u32(0);  // a CIE
  out.u8(1);   // version
  out.text(lands ? "zPLR" : "zR");
  out.u8(1);             // code alignment
  out.u8(0x80 - kWord);  // data alignment: -kWord
  out.u8(processor.return_column);
  if (lands) {
    out.u8(1 + sizeof(void*) + 2);
    out.u8(kDwEhPeAbsptr);  // P
    out.pointer(reinterpret_cast<const void*>(&ferry_code_personality));
    out.u8(kDwEhPeAbsptr);  // L
  } else {
    out.u8(1);
  }
  out.u8(kDwEhPeAbsptr);  // R
  frame_rules(out, processor, shape);
  out.end();

  size_t cie_bytes = out.size();
  out.begin();
  out.u32(uint32_t(cie_bytes + 4));  // from here back to the CIE
  out.pointer(begin);
  out.length(bytes);
  out.u8(lands ? sizeof(void*) : 0);
  if (lands) out.pointer(begin);  // the landing pad
  out.end();
  out.u32(0);
  __register_frame_info(bytes_, entry_);
}

UnwindRecord::~UnwindRecord() {
  __deregister_frame_info(bytes_);
}

}  // namespace ferry::call

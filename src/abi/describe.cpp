// CallPlan -> text, for tests and messages.
#include <array>

#include "abi/plan.h"

namespace ferry::abi {
namespace {

constexpr std::array<std::string_view, 6> kSysvGprs = {"rdi", "rsi", "rdx", "rcx", "r8", "r9"};
constexpr std::array<std::string_view, 4> kWinGprs = {"rcx", "rdx", "r8", "r9"};
constexpr std::array<std::string_view, 2> kX64Results = {"rax", "rdx"};

bool is_x64(const CallPlan& plan) {
  return plan.abi == Abi::sysv_x64 || plan.abi == Abi::win_x64;
}

std::string gpr_name(const CallPlan& plan, uint8_t reg, bool is_result) {
  if (!is_x64(plan)) return "x" + std::to_string(reg);
  if (is_result) return std::string(kX64Results.at(reg));
  return std::string(plan.abi == Abi::win_x64 ? kWinGprs.at(reg) : kSysvGprs.at(reg));
}

std::string place(const CallPlan& plan, const Piece& piece, bool is_result) {
  switch (piece.where) {
    case Where::gpr:
      return gpr_name(plan, piece.reg, is_result);
    case Where::fpr:
      return (is_x64(plan) ? "xmm" : "v") + std::to_string(piece.reg);
    case Where::x87:
      return "st" + std::to_string(piece.reg);
    case Where::stack:
      return "[" + std::to_string(piece.stack_offset) + "]";
  }
  return "?";
}

std::string extend_suffix(Extend extend) {
  return extend == Extend::sign ? "s" : extend == Extend::zero ? "z" : "";
}

std::string piece_text(const CallPlan& plan, const Piece& piece, bool is_result) {
  return place(plan, piece, is_result) + ":" + std::to_string(piece.size) + extend_suffix(piece.extend);
}

std::string pieces_text(const CallPlan& plan, std::span<const Piece> pieces, bool is_result) {
  if (pieces.empty()) return "-";
  if (pieces.size() == 1) return piece_text(plan, pieces[0], is_result);
  std::string text = "{";
  for (const Piece& piece : pieces) {
    if (text.size() > 1) text += ' ';
    text += piece_text(plan, piece, is_result);
  }
  return text + "}";
}

}  // namespace

std::string describe(const CallPlan& plan) {
  std::string text;
  for (const ArgPlan& arg : plan.args) {
    if (arg.by_reference) {
      text += "&" + place(plan, plan.pieces_of(arg)[0], false);
    } else if (arg.on_stack) {
      text += "[" + std::to_string(arg.stack_offset) + "]:" + std::to_string(arg.size) + extend_suffix(arg.extend);
    } else {
      text += pieces_text(plan, plan.pieces_of(arg), false);
    }
    text += ' ';
  }
  text += "-> ";
  if (plan.result.in_memory) return text + "*" + gpr_name(plan, plan.memory_reg, false);
  if (plan.result.size == 0) return text + "void";
  return text + pieces_text(plan, plan.result_pieces(), true);
}

}  // namespace ferry::abi

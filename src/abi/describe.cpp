// CallPlan -> text, for tests and messages.
#include "abi/plan.h"
#include "abi/registry.h"

namespace ferry::abi {
namespace {

std::string name_of(Names names, uint32_t reg) {
  return reg < names.size() ? std::string(names[reg]) : "?" + std::to_string(reg);
}

std::string place(const CallPlan& plan, const Piece& piece, bool is_result) {
  const AbiInfo& abi = info(plan.abi);
  switch (piece.where) {
    case Where::gpr:
      return name_of(is_result ? abi.result_gprs : abi.gprs, piece.reg);
    case Where::fpr:
      if (!abi.fpr_pairs.empty() && piece.size == 8) return name_of(abi.fpr_pairs, piece.reg / 2u);
      if (!abi.fpr_quads.empty() && piece.size == 16) return name_of(abi.fpr_quads, piece.reg / 4u);
      return name_of(is_result ? abi.result_fprs : abi.fprs, piece.reg);
    case Where::vector:
      return name_of(abi.vectors, piece.reg);
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
  return place(plan, piece, is_result) + ":" + std::to_string(piece.size) + extend_suffix(piece.extend) +
         (piece.justify == Justify::high ? "h" : "");
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
  if (plan.result.in_memory) {
    text += plan.memory_on_stack ? "*[0]" : "*" + name_of(info(plan.abi).gprs, plan.memory_reg);
  } else {
    text += plan.result.size == 0 ? "void" : pieces_text(plan, plan.result_pieces(), true);
  }
  if (plan.callee_pops != 0) text += " pops " + std::to_string(plan.callee_pops);
  return text;
}

}  // namespace ferry::abi

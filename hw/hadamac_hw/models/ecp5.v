// Behavioural models of the ECP5 primitives that hadamac instantiates, for simulation only: what the
// chosen parameters do, nothing more. After Lattice FPGA-TN-02205, "ECP5 and ECP5-5G sysDSP Usage Guide".
`timescale 1ns/1ps

// Signed 18x18 multiplier with input, pipeline and output registers on CLK0, no reset used.
module MULT18X18D #(
  parameter REG_INPUTA_CLK = "NONE", REG_INPUTB_CLK = "NONE", REG_PIPELINE_CLK = "NONE", REG_OUTPUT_CLK = "NONE",
  parameter REG_INPUTA_CE = "CE0", REG_INPUTB_CE = "CE0", REG_PIPELINE_CE = "CE0", REG_OUTPUT_CE = "CE0",
  parameter REG_INPUTA_RST = "RST0", REG_INPUTB_RST = "RST0", REG_PIPELINE_RST = "RST0", REG_OUTPUT_RST = "RST0",
  parameter CLK0_DIV = "ENABLED", GSR = "ENABLED", RESETMODE = "SYNC", SOURCEB_MODE = "B_SHIFT", MULT_BYPASS =
      "DISABLED"
) (
  input CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
  input A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0,
  input B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0,
  output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
      P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  wire signed [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1, A0};
  wire signed [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9, B8, B7, B6, B5, B4, B3, B2, B1, B0};
  reg signed [17:0] ra = 0, rb = 0;
  reg signed [35:0] pipeline = 0, result = 0;
  always @(posedge CLK0) if (CE0) begin
    ra <= a; rb <= b; pipeline <= ra * rb; result <= pipeline;
  end
  assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24, P23, P22, P21, P20, P19, P18, P17, P16, P15,
      P14, P13, P12, P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0} = result;
  initial if (REG_INPUTA_CLK != "CLK0" || REG_INPUTB_CLK != "CLK0" || REG_PIPELINE_CLK != "CLK0" || REG_OUTPUT_CLK != "CLK0") begin
    $display("MULT18X18D: this model has every register on CLK0"); $finish;
  end
endmodule

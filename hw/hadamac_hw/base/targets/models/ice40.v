// Behavioural model of the iCE40 primitive that hadamac instantiates, for simulation only. It models no more than the
// parameters that hadamac chooses. Source: Lattice FPGA-TN-02007, "DSP Function Usage Guide for iCE40 Devices".
`timescale 1ns/1ps

// Signed 16x16 multiplier with input registers, registers between its 8x8 products, and an output register.
module SB_MAC16 #(
  // The defaults are the values that hadamac sets, not those of the real cell: an unused model reports no error.
  parameter [0:0] A_REG = 1, B_REG = 1, TOP_8x8_MULT_REG = 1, BOT_8x8_MULT_REG = 1, PIPELINE_16x16_MULT_REG1 = 1,
  parameter [0:0] PIPELINE_16x16_MULT_REG2 = 1, A_SIGNED = 1, B_SIGNED = 1,
  parameter [1:0] TOPOUTPUT_SELECT = 3, BOTOUTPUT_SELECT = 3
) (
  input CLK, CE, input [15:0] A, B, C, D, output [31:0] O,
  input AHOLD, BHOLD, CHOLD, DHOLD, IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT, OLOADTOP, OLOADBOT, ADDSUBTOP, ADDSUBBOT,
  input OHOLDTOP, OHOLDBOT, CI, ACCUMCI, SIGNEXTIN
);
  reg signed [15:0] ra = 0, rb = 0;
  reg signed [31:0] pipeline = 0, result = 0;
  always @(posedge CLK) if (CE) begin
    ra <= A; rb <= B; pipeline <= ra * rb; result <= pipeline;
  end
  assign O = result;
  initial if (!(A_REG && B_REG && TOP_8x8_MULT_REG && BOT_8x8_MULT_REG && PIPELINE_16x16_MULT_REG1
                && PIPELINE_16x16_MULT_REG2 && A_SIGNED && B_SIGNED && &TOPOUTPUT_SELECT && &BOTOUTPUT_SELECT)) begin
    $display("SB_MAC16: this model has every register"); $finish;
  end
endmodule

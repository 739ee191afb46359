// Behavioural models of the Gowin primitives that hadamac instantiates, for simulation only. They model no more than the
// parameters that hadamac chooses. Sources: Gowin UG287, "Gowin DSP User Guide"; UG285, "Gowin BSRAM & SSRAM User Guide".
// The defaults are the values that hadamac sets, not those of the real cells: in some simulators, a model that a design
// does not use is a second top, and must not report an error there.
`timescale 1ns/1ps

// Signed 18x18 multiplier with input, pipeline and output registers.
module MULT18X18 #(
  parameter [0:0] AREG = 1, BREG = 1, PIPE_REG = 1, OUT_REG = 1, ASIGN_REG = 1, BSIGN_REG = 1, SOA_REG = 0,
  parameter MULT_RESET_MODE = "SYNC"
) (
  input [17:0] A, SIA, B, SIB, input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET, output [35:0] DOUT,
  output [17:0] SOA, SOB
);
  reg signed [17:0] ra = 0, rb = 0;
  reg signed [35:0] pipeline = 0, result = 0;
  always @(posedge CLK) if (CE) begin
    ra <= A; rb <= B; pipeline <= ra * rb; result <= pipeline;
  end
  assign DOUT = result;
  initial if (!(AREG && BREG && PIPE_REG && OUT_REG)) begin
    $display("MULT18X18: this model has every register"); $finish;
  end
endmodule

// Block RAM of words of 9, 18 or 36 bits, whose lowest address bits enable their bytes: port A writes, port B reads through its output register.
module SDPX9B #(
  parameter [0:0] READ_MODE = 1, parameter BIT_WIDTH_0 = 36, BIT_WIDTH_1 = 36,
  parameter [2:0] BLK_SEL_0 = 0, BLK_SEL_1 = 0, parameter RESET_MODE = "SYNC",
  parameter [287:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0,
    INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0, INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0,
    INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0, INIT_RAM_10 = 0,
    INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0,
    INIT_RAM_17 = 0, INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0,
    INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0, INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0,
    INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, INIT_RAM_28 = 0,
    INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0,
    INIT_RAM_2F = 0, INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0,
    INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0, INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0,
    INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
  input CLKA, CEA, RESETA, input [13:0] ADA, input [35:0] DI, input [2:0] BLKSELA,
  input CLKB, CEB, RESETB, OCE, input [13:0] ADB, input [2:0] BLKSELB, output [35:0] DO
);
  localparam SHIFT = BIT_WIDTH_0 == 36 ? 5 : BIT_WIDTH_0 == 18 ? 4 : 3;
  reg [BIT_WIDTH_0-1:0] words [0:(1 << (14 - SHIFT)) - 1];
  reg [BIT_WIDTH_0-1:0] array = 0, out = 0;
  assign DO = out;
  reg [64*288-1:0] all;
  integer k;
  initial begin
    all =
    {INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38,
    INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30,
    INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28,
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20,
    INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18,
    INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10,
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08,
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00};
    for (k = 0; k < (1 << (14 - SHIFT)); k = k + 1) words[k] = all[BIT_WIDTH_0 * k +: BIT_WIDTH_0];
    if (!READ_MODE || BIT_WIDTH_0 != BIT_WIDTH_1) begin
      $display("SDPX9B: this model reads through the output register, both ports of one width"); $finish;
    end
  end
  wire all_bytes = BIT_WIDTH_0 == 36 ? &ADA[3:0] : BIT_WIDTH_0 == 18 ? &ADA[1:0] : 1'b1;
  always @(posedge CLKA) if (CEA && all_bytes) words[ADA >> SHIFT] <= DI[BIT_WIDTH_0-1:0];
  always @(posedge CLKB) begin
    if (CEB) array <= words[ADB >> SHIFT];
    if (OCE) out <= array;
  end
endmodule

// Block RAM of words of 1, 2 or 4 bits: port A writes, port B reads through its output register.
module SDPB #(
  parameter [0:0] READ_MODE = 1, parameter BIT_WIDTH_0 = 4, BIT_WIDTH_1 = 4,
  parameter [2:0] BLK_SEL_0 = 0, BLK_SEL_1 = 0, parameter RESET_MODE = "SYNC",
  parameter [255:0] INIT_RAM_00 = 0, INIT_RAM_01 = 0, INIT_RAM_02 = 0, INIT_RAM_03 = 0, INIT_RAM_04 = 0,
    INIT_RAM_05 = 0, INIT_RAM_06 = 0, INIT_RAM_07 = 0, INIT_RAM_08 = 0, INIT_RAM_09 = 0, INIT_RAM_0A = 0,
    INIT_RAM_0B = 0, INIT_RAM_0C = 0, INIT_RAM_0D = 0, INIT_RAM_0E = 0, INIT_RAM_0F = 0, INIT_RAM_10 = 0,
    INIT_RAM_11 = 0, INIT_RAM_12 = 0, INIT_RAM_13 = 0, INIT_RAM_14 = 0, INIT_RAM_15 = 0, INIT_RAM_16 = 0,
    INIT_RAM_17 = 0, INIT_RAM_18 = 0, INIT_RAM_19 = 0, INIT_RAM_1A = 0, INIT_RAM_1B = 0, INIT_RAM_1C = 0,
    INIT_RAM_1D = 0, INIT_RAM_1E = 0, INIT_RAM_1F = 0, INIT_RAM_20 = 0, INIT_RAM_21 = 0, INIT_RAM_22 = 0,
    INIT_RAM_23 = 0, INIT_RAM_24 = 0, INIT_RAM_25 = 0, INIT_RAM_26 = 0, INIT_RAM_27 = 0, INIT_RAM_28 = 0,
    INIT_RAM_29 = 0, INIT_RAM_2A = 0, INIT_RAM_2B = 0, INIT_RAM_2C = 0, INIT_RAM_2D = 0, INIT_RAM_2E = 0,
    INIT_RAM_2F = 0, INIT_RAM_30 = 0, INIT_RAM_31 = 0, INIT_RAM_32 = 0, INIT_RAM_33 = 0, INIT_RAM_34 = 0,
    INIT_RAM_35 = 0, INIT_RAM_36 = 0, INIT_RAM_37 = 0, INIT_RAM_38 = 0, INIT_RAM_39 = 0, INIT_RAM_3A = 0,
    INIT_RAM_3B = 0, INIT_RAM_3C = 0, INIT_RAM_3D = 0, INIT_RAM_3E = 0, INIT_RAM_3F = 0
) (
  input CLKA, CEA, RESETA, input [13:0] ADA, input [31:0] DI, input [2:0] BLKSELA,
  input CLKB, CEB, RESETB, OCE, input [13:0] ADB, input [2:0] BLKSELB, output [31:0] DO
);
  localparam SHIFT = BIT_WIDTH_0 == 4 ? 2 : BIT_WIDTH_0 == 2 ? 1 : 0;
  reg [BIT_WIDTH_0-1:0] words [0:(1 << (14 - SHIFT)) - 1];
  reg [BIT_WIDTH_0-1:0] array = 0, out = 0;
  assign DO = out;
  reg [64*256-1:0] all;
  integer k;
  initial begin
    all =
    {INIT_RAM_3F, INIT_RAM_3E, INIT_RAM_3D, INIT_RAM_3C, INIT_RAM_3B, INIT_RAM_3A, INIT_RAM_39, INIT_RAM_38,
    INIT_RAM_37, INIT_RAM_36, INIT_RAM_35, INIT_RAM_34, INIT_RAM_33, INIT_RAM_32, INIT_RAM_31, INIT_RAM_30,
    INIT_RAM_2F, INIT_RAM_2E, INIT_RAM_2D, INIT_RAM_2C, INIT_RAM_2B, INIT_RAM_2A, INIT_RAM_29, INIT_RAM_28,
    INIT_RAM_27, INIT_RAM_26, INIT_RAM_25, INIT_RAM_24, INIT_RAM_23, INIT_RAM_22, INIT_RAM_21, INIT_RAM_20,
    INIT_RAM_1F, INIT_RAM_1E, INIT_RAM_1D, INIT_RAM_1C, INIT_RAM_1B, INIT_RAM_1A, INIT_RAM_19, INIT_RAM_18,
    INIT_RAM_17, INIT_RAM_16, INIT_RAM_15, INIT_RAM_14, INIT_RAM_13, INIT_RAM_12, INIT_RAM_11, INIT_RAM_10,
    INIT_RAM_0F, INIT_RAM_0E, INIT_RAM_0D, INIT_RAM_0C, INIT_RAM_0B, INIT_RAM_0A, INIT_RAM_09, INIT_RAM_08,
    INIT_RAM_07, INIT_RAM_06, INIT_RAM_05, INIT_RAM_04, INIT_RAM_03, INIT_RAM_02, INIT_RAM_01, INIT_RAM_00};
    for (k = 0; k < (1 << (14 - SHIFT)); k = k + 1) words[k] = all[BIT_WIDTH_0 * k +: BIT_WIDTH_0];
    if (!READ_MODE || BIT_WIDTH_0 != BIT_WIDTH_1) begin
      $display("SDPB: this model reads through the output register, both ports of one width"); $finish;
    end
  end
  always @(posedge CLKA) if (CEA) words[ADA >> SHIFT] <= DI[BIT_WIDTH_0-1:0];
  always @(posedge CLKB) begin
    if (CEB) array <= words[ADB >> SHIFT];
    if (OCE) out <= array;
  end
endmodule

// Behavioural models of the Nexus primitives that hadamac instantiates, for simulation only. They model no more than the
// parameters that hadamac chooses. Sources: Lattice FPGA-TN-02096, "sysDSP Usage Guide for Nexus Platform", and
// FPGA-TN-02094, "Memory Usage Guide for Nexus Platform".
// The defaults are the values that hadamac sets, not those of the real cells: in some simulators, a model that a design
// does not use is a second top, and must not report an error there.
`timescale 1ns/1ps

// Signed 18x18 multiplier with input and output registers.
module MULT18X18 #(
  parameter REGINPUTA = "REGISTER", REGINPUTB = "REGISTER", REGOUTPUT = "REGISTER", GSR = "DISABLED",
  parameter RESETMODE = "SYNC"
) (
  input [17:0] A, B, input CLK, CEA, RSTA, CEB, RSTB, SIGNEDA, SIGNEDB, RSTOUT, CEOUT, output [35:0] Z
);
  reg signed [17:0] ra = 0, rb = 0;
  reg signed [35:0] result = 0;
  always @(posedge CLK) begin
    if (CEA) ra <= A;
    if (CEB) rb <= B;
    if (CEOUT) result <= ra * rb;
  end
  assign Z = result;
  initial if (REGINPUTA != "REGISTER" || REGINPUTB != "REGISTER" || REGOUTPUT != "REGISTER") begin
    $display("MULT18X18: this model has every register"); $finish;
  end
endmodule

// Block RAM with a write port and a read port of one clock, which reads through its output register. Its parameters are
// numbers in text, for example "0x1F": 80 digits, 10 bits for each of 32 bytes of 9 bits.
module PDPSC16K #(
  parameter DATA_WIDTH_W = "X36", DATA_WIDTH_R = "X36", OUTREG = "USED", RESETMODE = "SYNC",
  parameter ASYNC_RST_RELEASE = "SYNC", CSDECODE_W = "111", CSDECODE_R = "111", ECC = "DISABLED", GSR = "DISABLED",
  parameter [82*8-1:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0,
    INITVAL_05 = 0, INITVAL_06 = 0, INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0,
    INITVAL_0C = 0, INITVAL_0D = 0, INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0,
    INITVAL_13 = 0, INITVAL_14 = 0, INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0,
    INITVAL_1A = 0, INITVAL_1B = 0, INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0,
    INITVAL_21 = 0, INITVAL_22 = 0, INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0,
    INITVAL_28 = 0, INITVAL_29 = 0, INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0,
    INITVAL_2F = 0, INITVAL_30 = 0, INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0,
    INITVAL_36 = 0, INITVAL_37 = 0, INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0, INITVAL_3C = 0,
    INITVAL_3D = 0, INITVAL_3E = 0, INITVAL_3F = 0
) (
  input CLK, CEW, input [2:0] CSW, input [13:0] ADW, input [35:0] DI,
  input CER, input [2:0] CSR, input RST, input [13:0] ADR, output [35:0] DO
);
  localparam BITS = DATA_WIDTH_W == "X36" ? 36 : DATA_WIDTH_W == "X18" ? 18 : DATA_WIDTH_W == "X9" ? 9 :
      DATA_WIDTH_W == "X4" ? 4 : DATA_WIDTH_W == "X2" ? 2 : 1;
  localparam SHIFT = BITS == 36 ? 5 : BITS == 18 ? 4 : BITS == 9 ? 3 : BITS == 4 ? 2 : BITS == 2 ? 1 : 0;
  localparam BYTE = BITS >= 9 ? 9 : 8;  // shorter words do not use the ninth bit of a byte
  reg [BITS-1:0] words [0:(1 << (14 - SHIFT)) - 1];
  reg [BITS-1:0] array = 0, out = 0;
  assign DO = out;
  reg [64*82*8-1:0] all;  // the text
  reg [7:0] digit;
  reg [64*320-1:0] rows;
  reg [2048*BYTE-1:0] flat;
  integer k;
  initial begin
    all =
    {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37,
    INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
    INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25,
    INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
    INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13,
    INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
    INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
    INITVAL_00};
    for (k = 0; k < 64 * 80; k = k + 1) begin
      digit = all[656 * (k / 80) + 8 * (k % 80) +: 8];
      rows[4 * k +: 4] = digit >= "a" ? digit - "a" + 10 : digit >= "0" ? digit - "0" : 0;
    end
    for (k = 0; k < 2048; k = k + 1) flat[BYTE * k +: BYTE] = rows[10 * k +: BYTE];
    for (k = 0; k < (1 << (14 - SHIFT)); k = k + 1) words[k] = flat[BITS * k +: BITS];
    if (OUTREG != "USED" || DATA_WIDTH_W != DATA_WIDTH_R) begin
      $display("PDPSC16K: this model reads through the output register, both ports of one width"); $finish;
    end
  end
  wire all_bytes = BITS == 36 ? &ADW[3:0] : BITS == 18 ? &ADW[1:0] : 1'b1;
  always @(posedge CLK) begin
    if (CEW && all_bytes) words[ADW >> SHIFT] <= DI[BITS-1:0];
    if (CER) begin array <= words[ADR >> SHIFT]; out <= array; end
  end
endmodule

// Behavioural models of the ECP5 primitives that hadamac instantiates, for simulation only. They model no more than the
// parameters that hadamac chooses. Source: Lattice FPGA-TN-02205, "ECP5 and ECP5-5G sysDSP Usage Guide".
// The defaults are the values that hadamac sets, not those of the real cells: in some simulators, a model that a design
// does not use is a second top, and must not report an error there.
`timescale 1ns/1ps

// Signed 18x18 multiplier with input, pipeline and output registers on CLK0, no reset used.
module MULT18X18D #(
  parameter REG_INPUTA_CLK = "CLK0", REG_INPUTB_CLK = "CLK0", REG_PIPELINE_CLK = "CLK0", REG_OUTPUT_CLK = "CLK0",
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

// Block RAM in the way hadamac uses it: port A writes, port B reads through its output register.
module DP16KD #(
  parameter DATA_WIDTH_A = 18, DATA_WIDTH_B = 18, REGMODE_A = "NOREG", REGMODE_B = "OUTREG", RESETMODE = "SYNC",
  parameter ASYNC_RESET_RELEASE = "SYNC", GSR = "ENABLED", CLKAMUX = "CLKA", CLKBMUX = "CLKB",
  parameter CSDECODE_A = "0b000", CSDECODE_B = "0b000", WRITEMODE_A = "NORMAL", WRITEMODE_B = "NORMAL",
  parameter [319:0] INITVAL_00 = 0, INITVAL_01 = 0, INITVAL_02 = 0, INITVAL_03 = 0, INITVAL_04 = 0, INITVAL_05 = 0, INITVAL_06 = 0,
    INITVAL_07 = 0, INITVAL_08 = 0, INITVAL_09 = 0, INITVAL_0A = 0, INITVAL_0B = 0, INITVAL_0C = 0, INITVAL_0D = 0,
    INITVAL_0E = 0, INITVAL_0F = 0, INITVAL_10 = 0, INITVAL_11 = 0, INITVAL_12 = 0, INITVAL_13 = 0, INITVAL_14 = 0,
    INITVAL_15 = 0, INITVAL_16 = 0, INITVAL_17 = 0, INITVAL_18 = 0, INITVAL_19 = 0, INITVAL_1A = 0, INITVAL_1B = 0,
    INITVAL_1C = 0, INITVAL_1D = 0, INITVAL_1E = 0, INITVAL_1F = 0, INITVAL_20 = 0, INITVAL_21 = 0, INITVAL_22 = 0,
    INITVAL_23 = 0, INITVAL_24 = 0, INITVAL_25 = 0, INITVAL_26 = 0, INITVAL_27 = 0, INITVAL_28 = 0, INITVAL_29 = 0,
    INITVAL_2A = 0, INITVAL_2B = 0, INITVAL_2C = 0, INITVAL_2D = 0, INITVAL_2E = 0, INITVAL_2F = 0, INITVAL_30 = 0,
    INITVAL_31 = 0, INITVAL_32 = 0, INITVAL_33 = 0, INITVAL_34 = 0, INITVAL_35 = 0, INITVAL_36 = 0, INITVAL_37 = 0,
    INITVAL_38 = 0, INITVAL_39 = 0, INITVAL_3A = 0, INITVAL_3B = 0, INITVAL_3C = 0, INITVAL_3D = 0, INITVAL_3E = 0,
    INITVAL_3F = 0
) (
  input CLKA, CEA, OCEA, RSTA, WEA, CSA0, CSA1, CSA2, CLKB, CEB, OCEB, RSTB, WEB, CSB0, CSB1, CSB2,
  input ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0,
  input DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
    DIA0,
  input ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0,
  output DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
    DOB0
);
  localparam PER = DATA_WIDTH_A >= 9 ? 18 / DATA_WIDTH_A : 16 / DATA_WIDTH_A;
  localparam SHIFT = DATA_WIDTH_A == 18 ? 4 : DATA_WIDTH_A == 9 ? 3 : DATA_WIDTH_A == 4 ? 2 : DATA_WIDTH_A == 2 ? 1 : 0;
  wire [13:0] wa = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2, ADA1, ADA0};
  wire [13:0] ra = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2, ADB1, ADB0};
  wire [17:0] d = {DIA17, DIA16, DIA15, DIA14, DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2, DIA1,
    DIA0};
  reg [DATA_WIDTH_A-1:0] words [0:(1 << (14 - SHIFT)) - 1];
  reg [17:0] array = 0, out = 0;
  assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1,
    DOB0} = out;
  reg [64*320-1:0] all;
  integer k;
  initial begin
    all = {INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38, INITVAL_37,
    INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E,
    INITVAL_2D, INITVAL_2C, INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25,
    INITVAL_24, INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
    INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14, INITVAL_13,
    INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A,
    INITVAL_09, INITVAL_08, INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01,
    INITVAL_00};
    for (k = 0; k < (1 << (14 - SHIFT)); k = k + 1)
      words[k] = all[20 * (k / PER) + DATA_WIDTH_A * (k % PER) +: DATA_WIDTH_A];
    if (REGMODE_B != "OUTREG" || DATA_WIDTH_A != DATA_WIDTH_B) begin
      $display("DP16KD: this model reads through port B's output register, both ports of one width"); $finish;
    end
  end
  always @(posedge CLKA) if (CEA && WEA && (SHIFT != 4 || (ADA0 && ADA1))) words[wa >> SHIFT] <= d[DATA_WIDTH_A-1:0];
  always @(posedge CLKB) begin
    if (CEB) array <= words[ra >> SHIFT];
    if (OCEB) out <= array;
  end
endmodule

// Two places of a carry chain. A place's table is INIT, indexed by {D, C, B, A}; where it gives 0, the carry out is
// the table's entry for the same A and B with C = D = 0. An input that the table does not depend on may be unknown.
module CCU2C #(
  parameter [15:0] INIT0 = 0, INIT1 = 0, parameter INJECT1_0 = "NO", INJECT1_1 = "NO"
) (
  input CIN, A0, B0, C0, D0, A1, B1, C1, D1, output S0, S1, COUT
);
  // Multiplexers, as in the cell: one whose two inputs agree is known whatever selects.
  wire [7:0] d0 = D0 ? INIT0[15:8] : INIT0[7:0], d1 = D1 ? INIT1[15:8] : INIT1[7:0];
  wire [3:0] c0 = C0 ? d0[7:4] : d0[3:0], c1 = C1 ? d1[7:4] : d1[3:0];
  wire [1:0] b0 = B0 ? c0[3:2] : c0[1:0], b1 = B1 ? c1[3:2] : c1[1:0];
  wire [1:0] g0 = B0 ? INIT0[3:2] : INIT0[1:0], g1 = B1 ? INIT1[3:2] : INIT1[1:0];
  wire p0 = A0 ? b0[1] : b0[0], p1 = A1 ? b1[1] : b1[0];
  wire made0 = A0 ? g0[1] : g0[0], made1 = A1 ? g1[1] : g1[0];
  wire carry = p0 ? CIN : made0;
  assign S0 = p0 ^ CIN, S1 = p1 ^ carry, COUT = p1 ? carry : made1;
  initial if (INJECT1_0 != "NO" || INJECT1_1 != "NO") begin
    $display("CCU2C: this model is of a carry chain"); $finish;
  end
endmodule

// Register with the initial value 1, without enable and reset.
module TRELLIS_FF #(
  parameter GSR = "DISABLED", CEMUX = "1", CLKMUX = "CLK", LSRMUX = "LSR", REGSET = "SET", SRMODE = "LSR_OVER_CE"
) (
  input CLK, LSR, DI, output reg Q = 1
);
  always @(posedge CLK) Q <= DI;
  initial if (CEMUX != "1" || REGSET != "SET") begin
    $display("TRELLIS_FF: this model is of a register that is always enabled and begins with 1"); $finish;
  end
endmodule

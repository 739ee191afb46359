// Serial in, serial out, registers around the core: pins do not limit what is measured.
module wrapper(input clk, rst_in, sdi, valid_in, last_in, user_in, ready_in, load_in, output reg sdo);
  reg rst, valid, last, user, ready, load;
  reg [31:0] shift, data;
  wire [31:0] result;
  wire result_valid, result_last, result_user, taken, overflow, frame_error;
  reg [37:0] results, out;
  always @(posedge clk) begin
    rst <= rst_in; valid <= valid_in; last <= last_in; user <= user_in; ready <= ready_in; load <= load_in;
    shift <= {shift[30:0], sdi};
    data <= shift;
    results <= {result, result_user, result_valid, result_last, taken, overflow, frame_error};
    out <= load ? results : {out[36:0], 1'b0};
    sdo <= out[37];
  end
  core core(
    .clk(clk), .rst(rst), .s_axis_tdata(data), .s_axis_tvalid(valid), .s_axis_tlast(last), .s_axis_tuser(user),
    .s_axis_tready(taken), .m_axis_tdata(result), .m_axis_tvalid(result_valid), .m_axis_tlast(result_last),
    .m_axis_tuser(result_user), .m_axis_tready(ready), .overflow(overflow), .frame_error(frame_error));
endmodule

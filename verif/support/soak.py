"""List of the tests that only ``make soak`` runs, because others test the same circuits in less time in ``make sim``.

Each line is a pattern of test identifiers, in which ``*`` stands for any text.  A pattern that fits no test of a file
that was collected completely is an error.
"""

from __future__ import annotations

import re

__all__ = ["marked", "unused"]

_PATTERNS = """
cocotb/test_add.py::test_block[add_maps]
cocotb/test_add.py::test_block[add_formats]
cocotb/test_add.py::test_block[add_radii]
cocotb/test_add.py::test_block[add_wide_maps]
cocotb/test_add.py::test_block[add_row]
cocotb/test_add.py::test_networks[block]
cocotb/test_add.py::test_networks[maps]
cocotb/test_add.py::test_networks[nested]
cocotb/test_add.py::test_networks[shortcut]
cocotb/test_add.py::test_skip_buffer[64]
cocotb/test_argmax.py::test_core[11-24]
cocotb/test_canvas.py::test_core[other]
cocotb/test_canvas.py::test_core[blank]
cocotb/test_canvas.py::test_core[shorter]
cocotb/test_crop.py::test_crop[crop16]
cocotb/test_crop.py::test_crop[crop_high]
cocotb/test_crop.py::test_expand[expand_high]
cocotb/test_crop.py::test_expand[expand16]
cocotb/test_crop.py::test_crop[crop4]
cocotb/test_crop.py::test_expand[expand4]
cocotb/test_dense.py::test_core[dense_one_lane]
cocotb/test_dense.py::test_core[dense_wide]
cocotb/test_dense.py::test_core[dense_hidden_even]
cocotb/test_fft.py::test_core[fft4_centred]
cocotb/test_fft.py::test_core[fft4_zeros]
cocotb/test_fft.py::test_core[fft8]
cocotb/test_fft.py::test_core[fft16_steep]
cocotb/test_fft.py::test_core[fft32]
cocotb/test_fft.py::test_core[fft32_narrow]
cocotb/test_fft.py::test_core[fft64]
cocotb/test_fft.py::test_core[fft64_zeros]
cocotb/test_fft.py::test_core[fft256]
cocotb/test_fft.py::test_frames_any_gap_apart[fft16-gaps2]
cocotb/test_fft.py::test_frames_any_gap_apart[fft4-gaps0]
cocotb/test_fft.py::test_a_frame_leaves_whole_though_the_next_one_pauses[fft8]
cocotb/test_fft.py::test_a_frame_leaves_whole_though_the_next_one_pauses[fft64]
cocotb/test_fft.py::test_direction_and_overflow_of_each_frame[4-*
cocotb/test_fft.py::test_direction_and_overflow_of_each_frame[8-*
cocotb/test_fft.py::test_direction_and_overflow_of_each_frame[64-*
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[4-*
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[64-*
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[32-natural-full-options3]
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[32-bit-reversed-full-options4]
cocotb/test_fft.py::test_a_table_of_one_octant[64]
cocotb/test_fft.py::test_4096_points
cocotb/test_fft.py::test_a_late_overflow_stays_with_its_frame[bit-reversed]
cocotb/test_fft.py::test_broken_frames_at_the_core_s_port[False]
cocotb/test_fft2d.py::test_core[fft2d_8]
cocotb/test_fft2d.py::test_core[fft2d_8_zeros]
cocotb/test_fft2d.py::test_core[fft2d_16]
cocotb/test_fft2d.py::test_core[ifft2d_8_whole]
cocotb/test_fft2d.py::test_core[ifft2d_4]
cocotb/test_fft2d.py::test_core[ifft2d_16]
cocotb/test_fft2d.py::test_core[ifft2d_8_radius2]
cocotb/test_fft2d.py::test_transpose[*size1-radius1]
cocotb/test_fft2d.py::test_transpose[*size0-radius0]
cocotb/test_fft2d.py::test_transpose[True-size3-radius3]
cocotb/test_fft2d.py::test_transpose[False-size4-radius4]
cocotb/test_fft2d.py::test_core[fft2d_wide]
cocotb/test_fft2d.py::test_core[ifft2d_high]
cocotb/test_fft_iterative.py::test_core[8-*
cocotb/test_fft_iterative.py::test_core[16-*
cocotb/test_fft_iterative.py::test_core[64-*
cocotb/test_fft_iterative.py::test_core[128-*
cocotb/test_fft_iterative.py::test_core[32-natural-options6]
cocotb/test_fft_real.py::test_core[2-64-12]
cocotb/test_fft_real.py::test_core[2-4-10]
cocotb/test_fft_real.py::test_core[1-128-16]
cocotb/test_fft_real.py::test_core[1-8-12]
cocotb/test_frame.py::test_frame_pairs[frame_zero]
cocotb/test_frame.py::test_frame_pairs[frame_one_channel]
cocotb/test_frame.py::test_frame_pairs[frame_columns]
cocotb/test_frame.py::test_frame_pairs[frame_rows]
cocotb/test_frame.py::test_frame_pairs[frame_whole_rows]
cocotb/test_frame.py::test_raster[raster_one]
cocotb/test_frame.py::test_raster[raster_two]
cocotb/test_frame.py::test_raster[raster_row]
cocotb/test_frame.py::test_raster[raster_two_rows]
cocotb/test_frame.py::test_channel_pair[1]
cocotb/test_hadamard.py::test_core[hadamard_many]
cocotb/test_hadamard.py::test_core[hadamard_lanes]
cocotb/test_hadamard.py::test_core[hadamard_1]
cocotb/test_hadamard.py::test_real_weights[True]
cocotb/test_hadamard.py::test_loading[0]
cocotb/test_icarus.py::test_small_networks[modulus-*
cocotb/test_icarus.py::test_transforms[iterative-*
cocotb/test_icarus.py::test_transforms[streaming-*
cocotb/test_kinds.py::test_bits_cycles_and_size[whole]
cocotb/test_kinds.py::test_bits_cycles_and_size[quadratic]
cocotb/test_kinds.py::test_bits_cycles_and_size[relu_pool]
cocotb/test_kinds.py::test_bits_cycles_and_size[max_pool]
cocotb/test_kinds.py::test_bits_cycles_and_size[tanh_bins]
cocotb/test_kinds.py::test_dead_bins_change_no_bit_of_the_circuit[low_pass_pad]
cocotb/test_kinds.py::test_dead_bins_change_no_bit_of_the_circuit[frozen]
cocotb/test_kinds.py::test_dead_bins_change_no_bit_of_the_circuit[band]
cocotb/test_modrelu.py::test_core[modrelu_wide]
cocotb/test_modrelu.py::test_core[modrelu_4]
cocotb/test_modulus.py::test_modulus[4]
cocotb/test_modulus.py::test_modulus[12]
cocotb/test_modulus.py::test_modulus[16]
cocotb/test_modulus.py::test_pair_modulus[pair_modulus_1]
cocotb/test_modulus.py::test_pair_modulus[pair_modulus_32]
cocotb/test_modulus.py::test_pair_modulus[pair_modulus_wide]
cocotb/test_network.py::test_bits_cycles_and_size[two_default]
cocotb/test_network.py::test_bits_cycles_and_size[two_default_lanes]
cocotb/test_network.py::test_bits_cycles_and_size[two_compact_slow]
cocotb/test_normalise.py::test_core[normalise_odd]
cocotb/test_normalise.py::test_core[normalise_long]
cocotb/test_normalise.py::test_core[normalise_even]
cocotb/test_normalise.py::test_core[normalise_bins]
cocotb/test_pwl.py::test_table[pwl_random-built-in]
cocotb/test_pwl.py::test_table[pwl_gain-built-in]
cocotb/test_pwl.py::test_table[pwl_sigmoid-*
cocotb/test_pwl.py::test_table[pwl_leaky-*
cocotb/test_pwl.py::test_table[pwl_gelu-loadable]
cocotb/test_pwl.py::test_table[pwl_gain-loadable]
cocotb/test_quadratic.py::test_quadratic[quadratic_unshifted]
cocotb/test_quadratic.py::test_quadratic[quadratic_wide]
cocotb/test_rowpairs.py::test_core[8-10-1-8]
cocotb/test_rows.py::test_core[rows_one]
cocotb/test_rows.py::test_core[rows_even]
cocotb/test_rows.py::test_core[rows_dc]
cocotb/test_rows.py::test_core[rows_whole_odd]
cocotb/test_rows.py::test_core[irows_one]
cocotb/test_rows.py::test_core[irows_two]
cocotb/test_rows.py::test_core[irows_even]
cocotb/test_rows.py::test_core[irows_dc]
cocotb/test_rows.py::test_buffer[*-1]
cocotb/test_rows.py::test_buffer[*-2]
cocotb/test_rows.py::test_buffer[*-4]
cocotb/test_scattering.py::test_whole
cocotb/test_scattering.py::test_path[1]
cocotb/test_scattering.py::test_path[2]
cocotb/test_scattering.py::test_fork[1]
cocotb/test_scattering.py::test_concatenate[lengths1]
cocotb/test_scattering.py::test_concatenate[lengths2]
cocotb/test_shapes.py::test_bits_cycles_and_size[vals]
cocotb/test_shapes.py::test_bits_cycles_and_size[valm]
cocotb/test_shapes.py::test_bits_cycles_and_size[norm]
cocotb/test_shapes.py::test_bits_cycles_and_size[res1]
cocotb/test_shapes.py::test_bits_cycles_and_size[end1]
cocotb/test_shapes.py::test_broken_frames_of_several_channels[oned]
cocotb/test_shell.py::test_shell_answers_a_serial_host[16-1]
cocotb/test_simulate.py::test_every_signal_and_waves
cocotb/test_spectral_pool.py::test_*[zero8_8]
cocotb/test_spectral_pool.py::test_*[average7_6]
cocotb/test_spectral_pool.py::test_*[average8_2]
cocotb/test_spectral_pool.py::test_*[average3_2]
cocotb/test_spectral_pool.py::test_*[average6_6]
cocotb/test_spectral_pool.py::test_*[average16_8_1d]
cocotb/test_spectral_pool.py::test_*[naive8_4]
cocotb/test_spectral_pool.py::test_*[odd7_1]
cocotb/test_spectral_pool.py::test_*[odd1_1]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[ecp5-options1]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[generic-options2]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[generic-options4]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[generic-options6]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[generic-options8]
cocotb/test_standalone.py::test_the_netlist_gives_the_same_bits
cocotb/test_stream.py::test_each_input_of_a_core_has_a_guard[(4,*4,*4)]
cocotb/test_stream.py::test_each_input_of_a_core_has_a_guard[(2,*9,*3)]
cocotb/test_stream.py::test_guard[5]
cocotb/test_stream.py::test_guard[2]
cocotb/test_stream.py::test_fifo[0]
cocotb/test_targets.py::test_fft[256-*
cocotb/test_targets.py::test_memory_in_every_slicing[64-True]
cocotb/test_targets.py::test_memory_in_every_slicing[1000-True]
cocotb/test_targets.py::test_memory_in_every_slicing[2048-True]
cocotb/test_targets.py::test_memory_in_every_slicing[4000-True]
cocotb/test_targets.py::test_memory_in_every_slicing[8192-False]
cocotb/test_tile.py::test_core[*-size0-8-3]
cocotb/test_tile.py::test_core[*-size1-18-1]
cocotb/test_tile.py::test_core[MaxPool-size3-10-2]
cocotb/test_tile.py::test_core[Decimate-size4-10-2]
cocotb/test_targets.py::test_network
cocotb/test_targets.py::test_memory_in_every_slicing[32-True]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[ecp5-options3]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[ecp5-options7]
cocotb/test_network.py::test_bits_cycles_and_size[wide_halving]
cocotb/test_kinds.py::test_bits_cycles_and_size[modrelu]
cocotb/test_fft2d.py::test_core[fft2d_8_whole]
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[32-centred-block-options10]
cocotb/test_fft.py::test_direction_and_overflow_of_each_frame[16-*
cocotb/test_fft.py::test_core[fft4]
cocotb/test_icarus.py::test_transforms[ice40-2005]
cocotb/test_icarus.py::test_transforms[block_exponent-2005]
cocotb/test_hadamard.py::test_core[hadamard_one_bin]
cocotb/test_fft_iterative.py::test_core[4-centred-options5]
cocotb/test_spectral_pool.py::test_pad[odd8_5]
cocotb/test_spectral_pool.py::test_pad[zero8_4]
cocotb/test_stream.py::test_fifo[13]
cocotb/test_normalise.py::test_core[normalise_map]
cocotb/test_normalise.py::test_core[normalise_one]
cocotb/test_modulus.py::test_modulus[17]
cocotb/test_modrelu.py::test_core[modrelu_one_bin]
cocotb/test_quadratic.py::test_quadratic[quadratic_inner]
cocotb/test_dense.py::test_core[dense_ragged]
cocotb/test_fft.py::test_core[fft16]
cocotb/test_fft.py::test_scales_other_than_a_fixed_schedule[16-bit-reversed-full-options1]
cocotb/test_fft_iterative.py::test_core[4-natural-options0]
cocotb/test_hadamard.py::test_the_smallest_product_has_two_banks_too
cocotb/test_icarus.py::test_transforms[ecp5-2005]
cocotb/test_kinds.py::test_bits_cycles_and_size[normalise_pool]
cocotb/test_normalise.py::test_core[normalise_line]
cocotb/test_rowpairs.py::test_core[4-16-7-8]
cocotb/test_spectral_pool.py::test_pad[zero9_6_1d]
cocotb/test_targets.py::test_memory_in_every_slicing[24-True]
cocotb/test_bench.py::test_seeded_bug_is_found[hang-*
cocotb/test_bench.py::test_seeded_bug_is_found[reset-*
cocotb/test_bench.py::test_seeded_bug_is_found[unsteady-*
unit/test_library.py::test_every_block_has_a_core
unit/test_examples.py::test_example[scattering.py]
cocotb/test_network.py::test_status_broken_frames_and_reset[none]
cocotb/test_icarus.py::test_small_networks[one_group-2005]
cocotb/test_standalone.py::test_the_example_beside_a_core_passes_and_can_fail[ice40-options5]
cocotb/test_add.py::test_networks[band]
cocotb/test_network.py::test_bits_cycles_and_size[two_compact]
cocotb/test_tile.py::test_core[Decimate-size2-12-2]
cocotb/test_icarus.py::test_the_example_beside_a_core_runs_in_either_simulator[ecp5]
cocotb/test_icarus.py::test_statistics_and_tables[2005]
cocotb/test_targets.py::test_fft[16-natural]
cocotb/test_fft2d.py::test_transpose[True-size2-radius2]
cocotb/test_stream.py::test_each_input_of_a_core_has_a_guard[(4,*1,*4)]
unit/test_report.py::TestPictures::test_every_kind[low_pass-*
unit/test_report.py::TestPictures::test_every_kind[modulus-*
unit/test_report.py::TestPictures::test_every_kind[modrelu-*
unit/test_pwl_fit.py::test_functions_that_are_zero_at_zero_stay_so[gelu]
unit/test_pwl_fit.py::test_functions_that_are_zero_at_zero_stay_so[silu]
unit/test_pwl_fit.py::test_functions_that_are_zero_at_zero_stay_so[hard-swish]
unit/test_pwl_fit.py::test_error_falls_as_the_square_of_the_segments[tanh]
unit/test_pwl_fit.py::test_error_falls_as_the_square_of_the_segments[gelu]
unit/test_pwl_fit.py::test_functions_of_small_words_fit[15-*
unit/test_pwl_fit.py::test_functions_of_small_words_fit[16-*
unit/test_pwl_fit.py::test_odd_functions_are_zero_at_zero[16]
unit/test_stream.py::test_what_a_fifo_holds_leaves_without_a_hole[14]
unit/test_normalise.py::test_steps_against_integers[large]
"""

_COMPILED = {line: re.compile("verif/" + re.escape(line).replace(r"\*", ".*")) for line in _PATTERNS.split()}


def marked(identifier: str) -> bool:
    """Return whether only ``make soak`` runs a test."""
    return any(pattern.fullmatch(identifier) for pattern in _COMPILED.values())


def unused(identifiers: list[str]) -> list[str]:
    """Return the patterns that fit none of the `identifiers`, although they name a file of one of these."""
    files = {identifier.partition("::")[0].removeprefix("verif/") for identifier in identifiers}
    return [line for line, pattern in _COMPILED.items() if line.partition("::")[0] in files
            and not any(map(pattern.fullmatch, identifiers))]

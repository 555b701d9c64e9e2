/** Defined where the binary becomes the baseline, whose multiply-adds are replaced after it is compiled (scripts/unfuse.mjs). */
declare const BASELINE: i32;

import { readFileSync } from 'node:fs';

/**
 * The most memory that this process has been in, in MB. Linux counts what a process was before it became this program (a copy of its
 * parent) into the resource usage, but not into its status.
 */
export function peakMemory(): number {
  if (process.platform === 'linux') {
    const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'));
    if (peak) return Number(peak[1]) / 1024;
  }
  return process.resourceUsage().maxRSS / 1024;
}

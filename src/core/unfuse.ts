/**
 * The text of the relaxed binary (scripts/embed.mjs) without its marks: before each function that multiplies and adds stand a space and the two
 * locals that the function has free.
 *
 * @param madds each multiply-add as text, and what to put in its place, with a space for the first free local and an exclamation mark for the second;
 *   none leaves them. Strings do it ten times as fast as a loop over bytes in a process that just began.
 */
export function unmarked(text: string, madds: readonly (readonly [string, string])[] = []): string {
  const [begin, ...functions] = text.split(' ');
  return functions.reduce(
    (before, code) =>
      before +
      madds.reduce(
        (done, [madd, instead]) => done.replaceAll(madd, instead.replaceAll(' ', code[0] as string).replaceAll('!', code[1] as string)),
        code.slice(2),
      ),
    begin as string,
  );
}

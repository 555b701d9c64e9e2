/**
 * Where the hashes of an engine are not the golden ones, a missing one included.
 *
 * @param golden by training and step, as golden.json has them
 * @param trained what an engine came to
 * @returns each difference: the training, the step, of what, both hashes; `what` is the text for a table
 */
export function differences(golden, trained) {
  return Object.entries(golden).flatMap(([training, steps]) =>
    Object.entries(steps).flatMap(([step, hashes]) =>
      Object.entries(hashes)
        .map(([of, expected]) => ({
          training,
          step,
          of,
          expected,
          came: trained?.[training]?.[step]?.[of] ?? 'none',
          what: `differs from step ${step}`,
        }))
        .filter(({ came, expected }) => came !== expected),
    ),
  );
}

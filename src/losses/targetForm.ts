/** How weights came with the targets of a loss: one for each row, or one for each element. */
export type Weighting = 'rows' | 'elements';

export const TARGET_FORMS = [
  'ids',
  'values',
  'ids, weighted rows',
  'values, weighted rows',
  'ids, weighted elements',
  'values, weighted elements',
] as const;

/** How the targets of a loss came: class ids or values, and what weights came with them. It names programs too. */
export type TargetForm = (typeof TARGET_FORMS)[number];

export function targetForm(ids: boolean, weighting: Weighting | undefined): TargetForm {
  const form = ids ? 'ids' : 'values';
  return weighting ? `${form}, weighted ${weighting}` : form;
}

/** Whether the targets are class ids. */
export function hasIds(form: TargetForm): boolean {
  return form.startsWith('ids');
}

/** The weights that came with targets; undefined for none. */
export function weightingOf(form: TargetForm): Weighting | undefined {
  return form.endsWith('rows') ? 'rows' : form.endsWith('elements') ? 'elements' : undefined;
}

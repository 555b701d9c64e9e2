/** What the core exports besides where it runs in threads. */
export { lead, work } from './program';
export { breakUp, jobs, makeTeam } from './team';

/** A page that uses the playground in a frame, as a visitor would, and tells what it saw: for browsers that are driven without a driver. */
export const DRIVER = `<!doctype html>
<meta charset="utf-8">
<title>playground, driven</title>
<iframe style="width: 1200px; height: 900px"></iframe>
<script type="module">
const frame = document.querySelector('iframe');
const { link, csv } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const errors = [];
const get = (id) => frame.contentDocument.getElementById(id);
const until = async (what, is, seconds = 40) => {
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 30))) {
    const found = is();
    if (found) return found;
  }
  throw new Error('waited in vain for ' + what + '; errors: ' + errors.join(' | '));
};
let loads = 0;
const show = async (hash) => {
  frame.src = 'index.html?' + ++loads + hash;
  await new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  frame.contentWindow.addEventListener('error', ({ message }) => errors.push(message));
  frame.contentWindow.addEventListener('unhandledrejection', ({ reason }) => errors.push(String(reason)));
};
const value = (id) => Number(get(id).dataset.value);
const replay = async (hash) => {
  await show(hash);
  await until(hash, () => get('points').dataset.replayed);
};
async function run() {
  await replay(link);
  const losses = [value('training-loss'), value('test-loss')];
  await show('');
  await until('the worker', () => get('play'));
  get('pace').value = 'fast';
  get('pace').dispatchEvent(new Event('change'));
  get('play').click();
  const xor = await until('XOR', () => get('training-right').dataset.value === '1' && 1);
  const rate = get('rate').textContent;
  get('play').click();
  await replay('#data=spirals&points=400&noise=0&layers=8,8&steps=8000');
  const spirals = Math.min(value('training-right'), value('test-right'));
  await replay('#data=sine&noise=10&steps=6000');
  const sine = value('training-loss');
  await show('#tab=table');
  await until('the tab', () => get('csv-file'));
  const give = new DataTransfer();
  give.items.add(new File([csv], 'trees.csv'));
  get('csv-file').files = give.files;
  get('csv-file').dispatchEvent(new Event('change'));
  const button = (text) => [...frame.contentDocument.querySelectorAll('button')].find((one) => one.textContent === text);
  (await until('Train', () => button('Train'))).click();
  const first = await until('a prediction', () => get('prediction')?.dataset.value);
  (await until('Save', () => button('Save in this browser'))).click();
  await until('the shelf', () => button('Open'));
  await show('#tab=table');
  (await until('Open', () => button('Open'))).click();
  const second = await until('the prediction again', () => get('prediction')?.dataset.value);
  button('Delete').click();
  if (errors.length > 0) throw new Error(errors.join(' | '));
  return { losses, xor, spirals, sine, table: [first, second], rate };
}
run().then(
  (result) => parent.postMessage({ result }, '*'),
  (error) => parent.postMessage({ result: { error: String(error) } }, '*'),
);
</script>
`;

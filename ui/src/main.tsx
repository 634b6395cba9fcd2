import { render } from 'preact';
import { App } from './app';
import { startKeyboard } from './keyboard';
import { startLive } from './live';
import { startRouter } from './router';
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/pages.css';
import './styles/tensorboard.css';
import './styles/runs.css';
import './styles/files.css';
import { startTheme } from './theme';

startTheme();
startRouter();
startKeyboard();
startLive();
render(<App />, document.getElementById('app')!);

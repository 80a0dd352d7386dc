// The page has loaded once the applications in its frames have signed the person out. Without
// script, or when one of them takes long, the page goes on by itself a little later.
const next = document.querySelector("a[data-goes-on]");
const goOn = () => location.replace(next.href);
if (document.readyState === "complete") goOn();
else addEventListener("load", goOn);

// On to the workspace's host. The ticket is in the fragment, which no server gets to see.
location.replace(document.getElementById("go").dataset.to);

"""The attributes of a flat axis that a still draws, or that change nothing in it."""

AXIS = """
type autotypenumbers range autorange=True|False|reversed autorangeoptions.* rangemode domain
overlaying side matches anchor position=0|1 visible title.text categoryorder categoryarray
categoryarraysrc tickmode tickvals ticktext tickvalssrc ticktextsrc nticks tick0 dtick
ticklabelstep=1 showticklabels showgrid tickformat tickprefix ticksuffix showtickprefix=all
showticksuffix=all tickangle scaleanchor scaleratio constrain constraintoward
color title.font.* title.standoff tickfont.* grid* zeroline* show*line showline line*
ticks ticklen tickwidth tickcolor tickson ticklabelposition=outside ticklabeloverflow
ticklabelshift ticklabelstandoff mirror minor.* minorloglabels automargin autotickangles layer
show*spikes showspikes spike* hoverformat fixedrange uirevision modebardisable
exponentformat minexponent showexponent separatethousands calendar=gregorian
rangeslider.visible=False rangeselector.* showdividers dividercolor dividerwidth
labelalias=False unifiedhovertitle.* name
"""
"""As in `trace_tables`; the last six lines are looks, which the page has of its own."""
